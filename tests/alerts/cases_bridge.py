"""When each alert about the bridge fires, with what words, and what only looks like it."""

from tests.kit.alerts import BRIDGE, Case

HOME = "nofos-bridge"
BUILD = 'evse_bridge_build_info{version="1"}'
SHARDS = "evse_bridge_shards"
SECOND = '{job="nofos-bridge",instance="b"}'
LAG = "evse_bridge_loop_lag_seconds_bucket"
MAIN = {**BRIDGE, "store": "main"}
READINGS = "evse_bridge_readings"
POLLS = "evse_bridge_polls_total"
HEARD = 'evse_bridge_chargers{state="up"}'


def readings(pending: str) -> dict[str, str]:
    """A bridge that recovered five readings and stores ten a minute."""
    return {
        f"{READINGS}_received_total": "0+10x60",
        f"{READINGS}_recovered": "5x60",
        f"{READINGS}_stored_total": "0+8x60",
        f"{READINGS}_pending": pending,
        f'{READINGS}_discarded_total{{reason="alias"}}': "0+1x60",
        f'{READINGS}_discarded_total{{reason="no_sensor"}}': "0+1x60",
    }


ALIVE = (
    Case(
        "EvseBridgeDown", {"up": "1x4 0x30", BUILD: "1x4 _x30"}, 8,
        "page", "bridge", "nofos-bridge is down on bridge-0:9876",
        "Prometheus could not scrape it for 3 minutes. The state of its chargers is unknown, and "
        "what they publish is lost.", HOME, labels=BRIDGE,
        watched=30, quiet=(
            {"up": "1x4 0x2 1x30", BUILD: "1x4 _x2 1x30"},
            {"up": "1x40", BUILD: "1x40", 'up{job="node",instance="x"}': "0x40"},
            {"up": "1x4 stale", BUILD: "1x4 stale",
             'up{job="nofos-bridge",instance="new"}': "_x6 1x30",
             'evse_bridge_build_info{job="nofos-bridge",instance="new",version="2"}': "_x6 1x30"},
        ),
    ),
    Case(
        "EvseBridgeDown", {'up{job="prometheus",instance="p"}': "1x30"}, 3,
        "page", "bridge", "nofos-bridge is down",
        "Prometheus could not scrape it for 3 minutes. The state of its chargers is unknown, and "
        "what they publish is lost.", HOME, labels={},
        watched=30, quiet=({BUILD: "_x2 1x30"},),
    ),
    Case(
        "EvseBridgeShardMissing",
        {"up": "1x60", BUILD: "1x60", SHARDS: "2x60", "up" + SECOND: "0x60"},
        10, "page", "bridge", "Not all bridge shards are running",
        "The fleet is split over 2 shards, but fewer are up. The state of the chargers of the "
        "missing shards is unknown.", HOME, labels={"job": BRIDGE["job"]},
        watched=60, quiet=(
            {"up": "1x60", BUILD: "1x60", SHARDS: "1x60"},
            # One that is scraped in vain is another alert's.
            {"up": "1x60", BUILD: "1x60", SHARDS: "2x60", "up" + SECOND: "1x4 0x60",
             "evse_bridge_build_info" + SECOND: "1x4 _x60"},
            # A roll-out: the first with the new number waits for the second.
            {"up": "1x60", BUILD: "1x60", SHARDS: "1x4 2x60", "up" + SECOND: "_x13 1x60",
             "evse_bridge_build_info" + SECOND: "_x13 1x60"},
        ),
    ),
    Case(
        "EvseBridgeDeaf", {"evse_bridge_mqtt_ready": "1x4 0x30"}, 7,
        "page", "bridge", "nofos-bridge on bridge-0:9876 receives nothing from the broker",
        "For 2 minutes the broker has not confirmed its subscriptions, or has sent no packet. "
        "What chargers publish meanwhile is lost.", HOME, labels=BRIDGE,
        quiet=({"evse_bridge_mqtt_ready": "1x4 0x1 1x30"}, {"evse_bridge_mqtt_ready": "1x4 stale"}),
    ),
    Case(
        "EvseBridgeReadingsDropped", {f'{READINGS}_discarded_total{{reason="disk"}}': "0x5 7x60"},
        6, "warning", "bridge", "nofos-bridge on bridge-0:9876 discards readings: disk",
        "About 7 valid readings were lost within 15 minutes.", HOME,
        labels={**BRIDGE, "reason": "disk"},
        quiet=(
            {f'{READINGS}_discarded_total{{reason="alias"}}': "0+100x60"},
            {f'{READINGS}_discarded_total{{reason="disk"}}': "7x60"},
        ),
    ),
    Case(
        "EvseBridgeIdentityBroken", readings("4x60"), 5,
        "warning", "bridge", "nofos-bridge on bridge-0:9876: readings are unaccounted for",
        "Readings received and recovered differ from those stored, pending and discarded: a bug "
        "in the bridge.", HOME, labels=BRIDGE,
        quiet=(readings("5x60"),),
    ),
    Case(
        "EvseBridgeLoopLag",
        {f'{LAG}{{le="0.1"}}': "0x60", f'{LAG}{{le="0.25"}}': "0+1200x60",
         f'{LAG}{{le="+Inf"}}': "0+1200x60"}, 16,
        "warning", "bridge", "nofos-bridge on bridge-0:9876 is overloaded",
        "Its event loop is blocked for up to 248.5ms; beyond 50 ms the broker's buffers fill up.",
        HOME, labels=BRIDGE,
        quiet=(
            {f'{LAG}{{le="0.1"}}': "0+1199x60", f'{LAG}{{le="0.25"}}': "0+1200x60",
             f'{LAG}{{le="+Inf"}}': "0+1200x60"},
        ),
    ),
    Case(
        "EvseBridgePollsFailing",
        {f'{POLLS}{{outcome="timeout"}}': "0+30x90", f'{POLLS}{{outcome="ok"}}': "0+10x90",
         HEARD: "4x90"}, 31,
        "warning", "bridge", "nofos-bridge on bridge-0:9876: most polls fail",
        "75% of its HTTP requests to chargers fail.", HOME, labels=BRIDGE,
        watched=85, quiet=(
            {f'{POLLS}{{outcome="not_found"}}': "0+30x90", f'{POLLS}{{outcome="ok"}}': "0+10x90",
             HEARD: "4x90"},
            {f'{POLLS}{{outcome="timeout"}}': "0+9x90", f'{POLLS}{{outcome="ok"}}': "0+10x90",
             HEARD: "4x90"},
            {f'{POLLS}{{outcome="timeout"}}': "0x90", f'{POLLS}{{outcome="ok"}}': "0x90",
             HEARD: "4x90"},
            # A fleet of one, which is switched off.
            {f'{POLLS}{{outcome="timeout"}}': "0+1x90", HEARD: "1x4 0x90",
             'evse_bridge_chargers{state="offline"}': "0x4 1x90"},
        ),
    ),
    Case(
        "EvseBridgePollsLate", {"evse_bridge_poll_stretch_ratio": "1x4 2.5x60"}, 35,
        "info", "bridge", "nofos-bridge on bridge-0:9876 polls too slowly",
        "The poll interval is 2.5 times the configured one.", HOME, labels=BRIDGE,
        watched=85, quiet=({"evse_bridge_poll_stretch_ratio": "1.9x90"},),
    ),
    Case(
        "EvseBridgeCertificateExpiring",
        {'evse_bridge_certificate_expiry_timestamp_seconds{file="web.cert_file"}': "608400x90"}, 60,
        "warning", "bridge",
        "nofos-bridge on bridge-0:9876: certificate web.cert_file expires soon",
        "It expires in 7d 0h 0m 0s.", HOME, labels={**BRIDGE, "file": "web.cert_file"},
        watched=85,
        quiet=({'evse_bridge_certificate_expiry_timestamp_seconds{file="x"}': "1728000x90"},),
    ),
)  # fmt: skip

STORES = (
    Case(
        "EvseBridgeStoreFailing",
        {'evse_bridge_store_up{store="main"}': "1x4 0x60",
         'evse_bridge_points_pending{store="main"}': "3x4 4+2x60"}, 10,
        "warning", "bridge", "nofos-bridge on bridge-0:9876: store main is unavailable",
        "Its requests failed for 5 minutes. Points are kept in the journal; nothing is lost yet.",
        HOME, labels=MAIN,
        quiet=(
            {'evse_bridge_store_up{store="main"}': "0x60",
             'evse_bridge_points_pending{store="main"}': "0x60"},
            {'evse_bridge_store_up{store="main"}': "1x4 0x4 1x60",
             'evse_bridge_points_pending{store="main"}': "9x60"},
        ),
    ),
    Case(
        "EvseBridgeStoreRefusing", {'evse_bridge_points_refused_total{store="main"}': "0x5 7x60"},
        6, "warning", "bridge", "nofos-bridge on bridge-0:9876: store main refuses points",
        "It permanently refused about 7 points, or columns of points, within an hour.",
        HOME, labels=MAIN,
        quiet=({'evse_bridge_points_refused_total{store="main"}': "7x90"},),
    ),
    Case(
        "EvseBridgeJournalFilling",
        {'evse_bridge_points_pending{store="main"}': "0+10000x90",
         "evse_bridge_journal_limit_bytes": "100000000x90"}, 16,
        "page", "bridge",
        "nofos-bridge on bridge-0:9876: the journal cannot keep all points for store main",
        "At this rate the pending points exceed the journal's size within 6 hours; then the "
        "oldest ones are lost.", HOME, labels=MAIN,
        quiet=(
            {'evse_bridge_points_pending{store="main"}': "5000x90",
             "evse_bridge_journal_bytes": "100000000x90",
             "evse_bridge_journal_limit_bytes": "100000000x90"},
            {'evse_bridge_points_pending{store="main"}': "0+10000x90",
             "evse_bridge_journal_limit_bytes": "2000000000x90"},
        ),
    ),
    Case(
        "EvseBridgeDiskFilling", {"evse_bridge_disk_free_bytes": "10000000000-10000000x90"}, 31,
        "warning", "bridge", "nofos-bridge on bridge-0:9876: the journal's disk is filling up",
        "At this rate it is full within a day, or less than 500 MB are left.", HOME, labels=BRIDGE,
        watched=85, quiet=(
            {"evse_bridge_disk_free_bytes": "10000000000-1000000x90"},
            {"evse_bridge_disk_free_bytes": "501000000x90"},
        ),
    ),
    Case(
        "EvseBridgeDiskFilling", {"evse_bridge_disk_free_bytes": "499000000x90"}, 30,
        "warning", "bridge", "nofos-bridge on bridge-0:9876: the journal's disk is filling up",
        "At this rate it is full within a day, or less than 500 MB are left.", HOME, labels=BRIDGE,
        quiet=({"evse_bridge_disk_free_bytes": "501000000x90"},),
    ),
)  # fmt: skip

CASES = (*ALIVE, *STORES)
