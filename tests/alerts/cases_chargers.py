"""When each alert about chargers fires, with what words, and what only looks like it."""

from tests.kit.alerts import CHARGER, INFO, Case

HOME = "nofos-charger?var-charger=c1"
ANCESTOR = INFO.replace('dialect="nofos"', 'dialect="ancestor"')


def ups(site: str, **values: str) -> dict[str, str]:
    """Chargers of a site, up or not."""
    return {
        **{f'evse_up{{charger="{id_}"}}': value for id_, value in values.items()},
        **{f'evse_info{{charger="{id_}",name="{id_}",site="{site}"}}': "1x60" for id_ in values},
    }


REACH = (
    Case(
        "EvseChargerDown", {"evse_up": "1x4 0x60", "evse_announced": "1x4 0x60"}, 15,
        "warning", "charger", "Gate 1 (Depot) is down",
        "No data for 10 minutes, over MQTT or HTTP, and its last "
        "will reported it as disconnected.", HOME,
        quiet=(
            {"evse_up": "1x4 0x60", "evse_announced": "1x60"},
            {"evse_up": "1x4 0x9 1x60", "evse_announced": "1x4 0x9 1x60"},
            {"evse_up": "1x60", "evse_announced": "0x60"},
        ),
    ),
    Case(
        "EvseChargerSilent", {"evse_up": "1x4 0x60", "evse_announced": "1x60"}, 15,
        "warning", "charger", "Gate 1 (Depot) is silent, although announced as connected",
        "No data for 10 minutes, over MQTT or HTTP, but no last will was received.", HOME,
        quiet=(
            {"evse_up": "1x4 0x60", "evse_announced": "1x4 0x60"},
            {"evse_up": "1x4 0x9 1x60", "evse_announced": "1x60"},
        ),
    ),
    Case(
        "EvseChargerMqttDead",
        {'evse_source{evse_source="http"}': "0x4 1x60",
         'evse_source{evse_source="mqtt"}': "1x4 0x60"}, 20,
        "warning", "charger", "Gate 1 (Depot) is only reachable over HTTP, not over MQTT",
        "Its web server responds, but no telemetry was received over MQTT for 15 minutes.", HOME,
        quiet=(
            {'evse_source{evse_source="none"}': "1x60", 'evse_source{evse_source="http"}': "0x60"},
            {
                'evse_source{evse_source="http"}': "0x4 1x14 0x60",
                'evse_source{evse_source="mqtt"}': "1x4 0x14 1x60",
            },
        ),
    ),
    Case(
        "EvseChargerPollsFailing", {"evse_poll_success": "1x4 0x90", "evse_up": "1x90"}, 65,
        "info", "charger", "Gate 1 (Depot) does not respond over HTTP",
        "It publishes over MQTT, but its polls failed for an hour: trips, boots, crashes and heap "
        "are unknown.", HOME,
        watched=110, quiet=(
            {"evse_poll_success": "1x4 0x90", "evse_up": "1x4 0x90"},
            {"evse_poll_success": "1x4 0x50 1x5 0x50", "evse_up": "1x120"},
        ),
    ),
    Case(
        "EvseSiteGone",
        ups("Depot", a="1x4 0x60", b="1x4 0x60") | ups("Yard", c="1x60"), 10,
        "page", "site", "All chargers of Depot are down",
        "More than 90 % of the site's chargers sent no data for 5 minutes.",
        "nofos-fleet", labels={"site": "Depot"},
        quiet=(
            ups("Depot", a="1x4 0x60", b="1x60"),
            ups("Depot", a="1x4 0x60") | ups("Yard", c="1x60"),
            ups("Depot", a="1x4 0x4 1x60", b="1x4 0x4 1x60"),
        ),
    ),
    Case(
        "EvseFleetGone", ups("", a="1x4 0x60", b="1x4 0x60", c="1x4 0x60", d="1x60"), 10,
        "page", "fleet", "75% of the fleet is down",
        "More than half of all chargers sent no data for 5 minutes.",
        "nofos-fleet", labels={},
        quiet=(
            ups("", a="1x4 0x60", b="1x4 0x60", c="1x60", d="1x60"),
            ups("", a="1x4 0x60", b="1x4 0x60"),
        ),
    ),
)  # fmt: skip

FAULTS = (
    Case(
        "EvseStuckRelay", {"evse_state_code": "1x4 8x30"}, 5,
        "page", "charger", "Gate 1 (Depot): a relay is stuck",
        "The controller measured voltage behind an open relay: the plug may be live although no "
        "car is charging.", HOME,
        quiet=(
            {"evse_state_code": "1x4 14x30"},
            {'evse_faults_total{fault="stuck_relay"}': "3x60",
             "evse_stuck_relay_trips_total": "9x60"},
            {'evse_faults_total{fault="gfci_fault"}': "0x4 1x60"},
        ),
    ),
    Case(
        "EvseStuckRelay", {'evse_faults_total{fault="stuck_relay"}': "0x4 1x30"}, 5,
        "page", "charger", "Gate 1 (Depot): a relay is stuck",
        "The controller measured voltage behind an open relay: the plug may be live although no "
        "car is charging.", HOME,
        quiet=({'evse_faults_total{fault="no_ground"}': "0x4 1x30"},),
    ),
    Case(
        "EvseStuckRelay", {"evse_stuck_relay_trips_total": "7x4 8x30"}, 5,
        "page", "charger", "Gate 1 (Depot): a relay is stuck",
        "The controller measured voltage behind an open relay: the plug may be live although no "
        "car is charging.", HOME,
        # The second: what a bridge that lost its folder tells of an exchanged controller.
        quiet=({"evse_gfci_trips_total": "7x4 8x30"},
               {"evse_stuck_relay_trips_total": "300x4 45x30"}),
    ),
    Case(
        "EvseGfciFault", {"evse_state_code": "3x4 6x30"}, 7,
        "page", "charger", "Gate 1 (Depot): ground-fault interrupter tripped",
        "The fault has lasted 2 minutes: the controller's own retries did not clear it.", HOME,
        labels={**CHARGER, "fault": "gfci_fault"},
        quiet=({"evse_state_code": "3x4 6x1 3x30"}, {"evse_state_code": "3x4 9x30"}),
    ),
    Case(
        "EvseNoGround", {"evse_state_code": "3x4 7x30"}, 7,
        "page", "charger", "Gate 1 (Depot): no protective earth",
        "The controller has detected no ground for 2 minutes.", HOME,
        labels={**CHARGER, "fault": "no_ground"},
        quiet=({"evse_state_code": "3x4 7x1 3x30"}, {"evse_state_code": "3x4 6x30"}),
    ),
    Case(
        "EvseOverTemperature", {"evse_state_code": "3x4 10x30"}, 6,
        "page", "charger", "Gate 1 (Depot): over temperature",
        "The controller stopped charging because of its temperature.", HOME,
        labels={**CHARGER, "fault": "over_temperature"},
        quiet=({"evse_state_code": "3x4 11x30"}, {"evse_state_code": "3x4 10 3x30"}),
    ),
    Case(
        "EvseChargerFault", {"evse_state_code": "3x4 5x30"}, 7,
        "warning", "charger", "Gate 1 (Depot): diode_check_failed",
        "The controller has reported this fault for 2 minutes and is not charging.", HOME,
        labels={**CHARGER, "fault": "diode_check_failed"},
        quiet=(
            {"evse_state_code": "3x4 6x30"},
            {"evse_state_code": "3x4 253x30"},
            {"evse_state_code": "3x4 254x9 255x9 0x9"},
            {"evse_state_code": "3x4 5x1 3x30"},
        ),
    ),
    Case(
        "EvseFaultsRecurring",
        {'evse_faults_total{fault="gfci_fault"}': "0x10 1x10 2x10 3x60"}, 33,
        "warning", "charger", "Gate 1 (Depot): gfci_fault keeps recurring",
        "It occurred about 3 times within 6 hours, however briefly.", "nofos-faults",
        labels={**CHARGER, "fault": "gfci_fault"},
        watched=300, quiet=(
            {'evse_faults_total{fault="gfci_fault"}': "0x10 1x10 2x300"},
            {
                'evse_faults_total{fault="gfci_fault"}': "0x10 1x300",
                'evse_faults_total{fault="no_ground"}': "0x20 1x300",
                'evse_faults_total{fault="over_current"}': "0x30 1x300",
            },
            {'evse_faults_total{fault="gfci_fault"}': "0x10 1x200 2x200 3x200"},
        ),
    ),
    Case(
        "EvseFaultsRecurring",
        {"evse_no_ground_trips_total": "0x10 1x10 2x10 3x60",
         'evse_faults_total{fault="no_ground"}': "0x99"}, 33,
        "warning", "charger", "Gate 1 (Depot): no_ground keeps recurring",
        "It occurred about 3 times within 6 hours, however briefly.", "nofos-faults",
        labels={**CHARGER, "fault": "no_ground"},
        quiet=({"evse_no_ground_trips_total": "250x300"},
               {"evse_no_ground_trips_total": "300x4 45x300"}),
    ),
)  # fmt: skip

GATEWAY = (
    Case(
        "EvseCrash", {"evse_crashes_total": "3x10 4x60"}, 11,
        "warning", "charger", "Gate 1 (Depot): the gateway crashed",
        "The gateway's firmware crashed and booted again within the last 30 minutes.", HOME,
        quiet=(
            {"evse_crashes_total": "3x60", "evse_boots_total": "9x10 10x60"},
            {"evse_crashes_total": "_x10 3x60"},
        ),
    ),
    Case(
        "EvseCrashLoop", {"evse_crashes_total": "0x5 1x5 2x5 3x60"}, 18,
        "warning", "charger", "Gate 1 (Depot): the gateway keeps rebooting",
        "It crashed or booted about 3 times within an hour.", HOME,
        watched=90,
        quiet=({"evse_crashes_total": "0x5 1x5 2x90"},
               {"evse_crashes_total": "0x5 1x40 2x40 3x40"}),
    ),
    Case(
        "EvseCrashLoop", {"evse_boots_total": "0x5 1x5 2x5 3x5 4x5 5x60"}, 30,
        "warning", "charger", "Gate 1 (Depot): the gateway keeps rebooting",
        "It crashed or booted about 5 times within an hour.", HOME,
        quiet=({"evse_boots_total": "0x5 1x5 2x5 3x5 4x90"},
               {"evse_boots_total": "300x4 57x90"}),
    ),
    Case(
        "EvseBrownOut",
        {"evse_boots_total": "7x5 8x60", 'evse_last_reset{reason="brownout"}': "_x5 1x60"}, 6,
        "warning", "charger", "Gate 1 (Depot): supply voltage dropped (brown-out)",
        "The gateway rebooted within the last hour because its supply voltage was too low.", HOME,
        quiet=(
            {"evse_boots_total": "7x5 8x60", 'evse_last_reset{reason="sw"}': "_x5 1x60"},
            {"evse_boots_total": "7x60", 'evse_last_reset{reason="brownout"}': "1x60"},
            {"evse_boots_total": "300x4 57x60", 'evse_last_reset{reason="brownout"}': "1x60"},
        ),
    ),
    Case(
        "EvseHeapLeak",
        {"evse_heap_largest_free_block_bytes": "60000-60x600", "evse_boots_total": "7x600"}, 420,
        "warning", "charger", "Gate 1 (Depot): the gateway is running out of memory",
        "At this rate its largest free block falls below 10 kB within a day, and it will crash.",
        HOME, watched=640,
        quiet=(
            {"evse_heap_largest_free_block_bytes": "110000-14x700", "evse_boots_total": "7x700"},
            {
                "evse_heap_largest_free_block_bytes": "40000x100 110000-1000x60 50000x500",
                "evse_boots_total": "7x100 8x600",
            },
            {"evse_heap_largest_free_block_bytes": "110000-400x100 70000x600"},
        ),
    ),
    Case(
        "EvseWifiWeak", {"evse_wifi_rssi_dbm": "-90x200"}, 30,
        "info", "charger", "Gate 1 (Depot): weak Wi-Fi",
        "-90 dBm on average over an hour; below -85 dBm the connection drops.", HOME,
        watched=165,
        quiet=({"evse_wifi_rssi_dbm": "-84x200"}, {"evse_wifi_rssi_dbm": "-70x60 -95x20 -70x90"}),
    ),
    Case(
        "EvseClockOff", {"evse_clock_skew_seconds": "-3600x200"}, 60,
        "info", "charger", "Gate 1 (Depot): the clock is wrong", "It is 1h 0m 0s off.", HOME,
        watched=115,
        quiet=({"evse_clock_skew_seconds": "-110x200"},
               {"evse_clock_skew_seconds": "0x9 -9999x50 0x60"}),
    ),
    Case(
        "EvseDuplicate", {"evse_duplicate": "0x4 1x30"}, 10,
        "warning", "charger", "Gate 1 (Depot): another device uses its id or topic",
        "Two devices use this id, or two ids use one base topic: readings are ambiguous and are "
        "discarded.", HOME,
        quiet=({"evse_duplicate": "0x4 1x4 0x40"},),
    ),
)  # fmt: skip

CONTROLLER = (
    Case(
        "EvseControllerDead", {"evse_frozen": "0x4 1x30"}, 10,
        "warning", "charger", "Gate 1 (Depot): the controller does not respond, values are frozen",
        "The gateway keeps publishing the controller's last values "
        "over MQTT; they are outdated.", HOME,
        quiet=({"evse_frozen": "0x4 1x4 0x30"},
               {"evse_frozen": "0x30", "evse_rapi_connected": "0x30"}),
    ),
    Case(
        "EvseRapiFailing",
        {"evse_rapi_commands_total": "0+40x200", "evse_rapi_successes_total": "0+30x200"}, 31,
        "warning", "charger", "Gate 1 (Depot): the controller often does not respond",
        "Only 75% of the gateway's commands succeeded within the last hour.", HOME,
        watched=190, quiet=(
            {"evse_rapi_commands_total": "0+40x200", "evse_rapi_successes_total": "0+39x200"},
            {"evse_rapi_commands_total": "900x200", "evse_rapi_successes_total": "100x200"},
            {"evse_rapi_commands_total": "0+40x200", "evse_rapi_successes_total": "0x200",
             "evse_frozen": "1x200"},
        ),
    ),
    Case(
        "EvseUnitSuspect", {"evse_unit_suspect": "0x4 1x30"}, 10,
        "warning", "charger", "Gate 1 (Depot): current in the wrong unit (A or mA)",
        "Its currents differ from its dialect's unit by a factor of 1000: current and power are "
        "wrong by that factor, the energy total is correct.", HOME,
        quiet=({"evse_unit_suspect": "0x4 1x4 0x30"},),
    ),
    Case(
        "EvseEnergyStandsStill",
        {"evse_power_watts": "3600x60", "evse_state_code": "3x60",
         "evse_energy_joules_total": "5000x60", "evse_session_energy_joules": "700x60"}, 16,
        "warning", "charger", "Gate 1 (Depot): charging, but the energy total does not increase",
        "It reports 3600 W, but its energy total did not increase for 15 minutes: the session is "
        "not billed.", "nofos-energy",
        quiet=(
            {"evse_power_watts": "3600x60", "evse_state_code": "3x60",
             "evse_energy_joules_total": "5000+216000x60"},
            {"evse_power_watts": "0x60", "evse_state_code": "2x60",
             "evse_energy_joules_total": "5000x60"},
            {"evse_power_watts": "3600x60", "evse_state_code": "3x60",
             "evse_energy_joules_total": "5000x60", ANCESTOR: "1x60"},
            # An old controller: the session counts on, and the total follows at its end.
            {"evse_power_watts": "3600x60", "evse_state_code": "3x60",
             "evse_energy_joules_total": "5000x60",
             "evse_session_energy_joules": "0+216000x60"},
        ),
    ),
)  # fmt: skip

CASES = (*REACH, *FAULTS, *GATEWAY, *CONTROLLER)
