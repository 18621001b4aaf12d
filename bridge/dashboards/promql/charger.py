"""Charger: all data of one charger."""

from bridge.dashboards.build import bars, lines, stat, table, timeline
from bridge.dashboards.model import (
    Annotation,
    Dashboard,
    PanelRow,
    QueryLanguage,
    Threshold,
    ValueMapping,
)
from bridge.dashboards.promql.common import CHARGER, SITE
from bridge.dashboards.words import BAD, BUSY, GOOD, STATES, WARN, YES_NO, column, good_at_zero

_ID = 'charger="$charger"'


def _of(metric: str, *labels: str) -> str:
    """The charger's value, for each value of the labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"max{by} ({metric}{{{_ID}}})"


def _more(metric: str, over: str, *labels: str) -> str:
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} (increase({metric}{{{_ID}}}[{over}]))"


_SUCCESSES = f"rate(evse_rapi_successes_total{{{_ID}}}[$__rate_interval])"
_COMMANDS = f"rate(evse_rapi_commands_total{{{_ID}}}[$__rate_interval])"
_WRONG = {0.0: ValueMapping("no", "#8e8e8e"), 1.0: ValueMapping("yes", BAD)}
_FLAGS = {0.0: ValueMapping("no", "#8e8e8e"), 1.0: ValueMapping("yes", BUSY)}
_NAMES = "charger, name, alias, site, version, firmware, protocol, dialect"
_PATH = "max by (evse_source) (evse_source{" + _ID + "}) == 1"

_NOW = PanelRow("$charger now", (
    stat("Up", "Whether data arrived over MQTT or by polling within stale_after.", "none",
         _of("evse_up"), mappings=YES_NO),
    stat("State", "The state reported by the charger.", "none", _of("evse_state_code"),
         mappings=STATES),
    stat("Path", "The present source of its values: MQTT, HTTP polling, or none.", "none",
         (_PATH, "{{evse_source}}"), name_only=True),
    stat("Power", "Current times voltage over its phases, power factor taken as 1.", "watt",
         _of("evse_power_watts")),
    stat("Session energy", "Of the session in progress, or of the last one.", "watth",
         f"{_of('evse_session_energy_joules')} / 3600"),
    stat("Energy", "Delivered in the selected time range.", "watth",
         f"{_more('evse_energy_joules_total', '$__range')} / 3600"),
    stat("Last message", "Age of its last telemetry message.", "s",
         f"time() - {_of('evse_last_message_timestamp_seconds')}",
         thresholds=(Threshold(None, GOOD), Threshold(120, WARN), Threshold(3600, BAD))),
    stat("Faults", "Faults in the selected time range.", "short",
         f"sum({_more('evse_faults_total', '$__range', 'fault')})",
         thresholds=good_at_zero(), decimals=0),
    table("Identity", "Names and versions, from its announcement and /config.",
            {"charger": "Charger", "name": "Name", "alias": "Alias", "site": "Site",
             "version": "Gateway firmware", "firmware": "Controller firmware",
             "protocol": "RAPI protocol", "dialect": "Dialect"},
            f"topk(1, max by ({_NAMES}) (evse_info{{{_ID}}}))", height=4),
))  # fmt: skip

_STATE = PanelRow("States", (
    timeline("State", "The charger's state over time; gaps are times without data.",
             (_of("evse_state_code"), "state"), mappings=STATES, height=4),
    timeline("Connections", "As seen by the broker, the gateway and the controller.",
             (_of("evse_announced"), "announced"),
             (_of("evse_rapi_connected"), "controller"),
             (_of("evse_mqtt_connected"), "MQTT"),
             (_of("evse_nofos_connected"), "nofos"), mappings=YES_NO),
    timeline("Suspicious", "A frozen controller, currents in the wrong unit, an id or topic used "
             "twice.",
             (_of("evse_frozen"), "controller frozen"),
             (_of("evse_unit_suspect"), "unit suspect"),
             (_of("evse_duplicate"), "duplicate"), mappings=_WRONG, height=5),
    timeline("Path and updates", "The present source of its values is marked yes.",
             ("max by (evse_source) (evse_source{" + _ID + "})", "{{evse_source}}"),
             (_of("evse_ota_running"), "firmware update"), mappings=_FLAGS),
))  # fmt: skip

_CHARGING = PanelRow("Charging", (
    lines("Pilot and current", "The pilot signal is the current that the car may draw; the "
          "phases show what it draws.", "amp",
          (_of("evse_pilot_amperes"), "pilot"),
          (_of("evse_charge_rate_amperes"), "charge rate"),
          (_of("evse_available_current_amperes"), "available"),
          (_of("evse_current_amperes", "phase"), "phase {{phase}}"), low=0),
    lines("Power", "Current times voltage over its phases.", "watt",
          (_of("evse_power_watts"), "power"), low=0),
    lines("Voltage", "By phase; unused phases are absent.", "volt",
          (_of("evse_voltage_volts", "phase"), "phase {{phase}}")),
    lines("Session energy", "Rises while a car is charging, and restarts with the next one.",
          "watth", (f"{_of('evse_session_energy_joules')} / 3600", "session"), low=0),
))  # fmt: skip

_HEALTH = PanelRow("Health", (
    lines("Temperature", "By sensor.", "celsius",
          (_of("evse_temperature_celsius", "sensor"), "{{sensor}}"), width=8),
    lines("Wi-Fi", "Signal strength; below -80 dBm messages get lost.", "dBm",
          (_of("evse_wifi_rssi_dbm"), "signal"), width=8),
    lines("Heap", "A shrinking largest free block precedes a crash.", "bytes",
          (_of("evse_heap_free_bytes"), "free"),
          (_of("evse_heap_largest_free_block_bytes"), "largest free block"),
          (_of("evse_heap_min_free_bytes"), "minimum free since boot"), width=8, low=0),
    lines("RAPI success", "Share of the gateway's commands that succeeded.",
          "percentunit", (f"max({_SUCCESSES}) / (max({_COMMANDS}) > 0)", "success"),
          width=8, low=0, high=1),
    lines("Clock", "The charger's clock minus the time of arrival.", "s",
          (_of("evse_clock_skew_seconds"), "skew"), width=8),
    lines("Polls", "Response time of its web server.", "s",
          (_of("evse_poll_duration_seconds"), "duration"), width=8, low=0),
))  # fmt: skip

_PAST = PanelRow("Boots, crashes and trips", (
    stat("Boots", "Boots of the gateway in the selected time range.", "short",
         _more("evse_boots_total", "$__range"), decimals=0),
    stat("Crashes", "Crashes of the gateway in the selected time range.", "short",
         _more("evse_crashes_total", "$__range"), decimals=0, thresholds=good_at_zero()),
    stat("Last reset", "The reason of the gateway's last boot.", "none",
         (_of("evse_last_reset", "reason"), "{{reason}}"), name_only=True),
    stat("Uptime before it", "From its boot to its last heartbeat before the reset.", "s",
         _of("evse_previous_uptime_seconds")),
    stat("Free block before it", "Largest free block of its heap before the reset.", "bytes",
         _of("evse_previous_heap_largest_free_block_bytes")),
    stat("GFCI trips", "Lifetime total, counted by the controller.", "short",
         _of("evse_gfci_trips_total"), decimals=0),
    stat("No-ground trips", "Lifetime total, counted by the controller.", "short",
         _of("evse_no_ground_trips_total"), decimals=0),
    stat("Stuck-relay trips", "Lifetime total, counted by the controller.", "short",
         _of("evse_stuck_relay_trips_total"), decimals=0),
    table("Safety checks", "The controller's own checks, as raw flags.",
            {"check": "Check", "Value": "Raw flag"}, _of("evse_check_enabled", "check"),
            width=8, height=8, shows=(column("Raw flag"),)),
    bars("Fault entries", "By kind, per interval.", "short",
          (f"{_more('evse_faults_total', '$__interval', 'fault')} > 0", "{{fault}}"),
         width=16, low=0, interval="5m"),
))  # fmt: skip


def _mark(name: str, colour: str, metric: str, title: str, *labels: str) -> Annotation:
    return Annotation(name, colour, f"{_more(metric, '1m', *labels)} > 0", title)


CHARGER_BOARD = Dashboard(
    "nofos-charger",
    "Charger",
    "All data of one charger.",
    QueryLanguage.PROMQL,
    (_NOW, _STATE, _CHARGING, _HEALTH, _PAST),
    variables=(SITE, CHARGER),
    annotations=(
        _mark("Faults", BAD, "evse_faults_total", "fault: {{fault}}", "fault"),
        _mark("Crashes", WARN, "evse_crashes_total", "crash"),
        _mark("Boots", BUSY, "evse_boots_total", "boot"),
    ),
)
