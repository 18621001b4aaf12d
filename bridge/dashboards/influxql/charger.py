"""Charger: all points and events of one charger."""

from bridge.dashboards.build import lines, stat, table, timeline
from bridge.dashboards.influxql.common import CHARGER, EACH, LATELY, OF_CHARGER, marks, points
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage, ValueMapping
from bridge.dashboards.words import BUSY, STATES

_FLAGS = {0.0: ValueMapping("no", "#8e8e8e"), 1.0: ValueMapping("yes", BUSY)}
_NOW = {"time_from": LATELY, "width": 4}
_BY_POLLS = {"custom": {"spanNulls": 900_000}}
"""Polled values arrive every five minutes: a line breaks after three missed polls."""


def _last(field: str) -> str:
    return points(f'LAST("{field}")', OF_CHARGER)


def _mean(field: str, legend: str) -> tuple[str, str]:
    """Gaps are not filled."""
    return points(f'MEAN("{field}")', OF_CHARGER, EACH, more="fill(null)"), legend


def _latest(field: str, legend: str) -> tuple[str, str]:
    return points(f'LAST("{field}")', OF_CHARGER, EACH, more="fill(null)"), legend


_RATIO = (
    'NON_NEGATIVE_DIFFERENCE(LAST("rapi_successes")) / '
    'NON_NEGATIVE_DIFFERENCE(LAST("rapi_commands"))'
)

_FIRST = PanelRow("$charger now", (
    stat("State", "The last reported state.", "none", _last("state_code"),
         mappings=STATES, **_NOW),
    stat("Power", "Current times voltage over its phases, power factor taken as 1.", "watt",
         _last("power"), **_NOW),
    stat("Session energy", "Of the session in progress, or of the last one.", "watth",
         _last("session_energy"), **_NOW),
    stat("Energy", "Delivered in the selected time range.", "watth",
         points('MAX("energy_total") - MIN("energy_total")', OF_CHARGER), width=4),
    stat("Wi-Fi", "Signal strength.", "dBm", _last("rssi"), **_NOW),
    stat("Boots", "Boots of the gateway in the selected time range.", "short",
         points('MAX("boot_count") - MIN("boot_count")', OF_CHARGER), width=4),
))  # fmt: skip

_STATE = PanelRow("States", (
    timeline("State", "The charger's state over time; gaps are times without data.",
             _latest("state_code", "state"), mappings=STATES, height=4),
    timeline("Conditions", "Connections reported by the gateway, and the source of values.",
             _latest("rapi_connected", "controller connected"),
             _latest("mqtt_connected", "MQTT connected"),
             _latest("nofos_connected", "nofos connected"),
             _latest("ota_running", "firmware update"),
             (points('MAX("polled")', OF_CHARGER, EACH, more="fill(null)"), "polled over HTTP"),
             mappings=_FLAGS),
))  # fmt: skip

_CHARGING = PanelRow("Charging", (
    lines("Pilot and current", "The pilot signal is the current that the car may draw; the "
          "phases show what it draws.", "amp", _mean("pilot", "pilot"),
          _mean("charge_rate", "charge rate"),
          *(_mean(f"current_{phase}", f"phase {phase}") for phase in (1, 2, 3)), low=0),
    lines("Power", "Current times voltage over its phases.", "watt", _mean("power", "power"),
          low=0),
    lines("Voltage", "By phase; unused phases are absent.", "volt",
          *(_mean(f"voltage_{phase}", f"phase {phase}") for phase in (1, 2, 3))),
    lines("Session energy", "Rises while a car is charging, and restarts with the next one.",
          "watth", _latest("session_energy", "session"), low=0, **_BY_POLLS),
))  # fmt: skip

_HEALTH = PanelRow("Health", (
    lines("Temperature", "By sensor.", "celsius", _mean("temp1", "temp1"), _mean("temp4", "temp4"),
          width=8),
    lines("Wi-Fi", "Signal strength; below -80 dBm messages get lost.", "dBm",
          _mean("rssi", "signal"), width=8),
    lines("Heap", "A shrinking largest free block precedes a crash.", "bytes",
          _latest("heap_free", "free"), _latest("heap_largest_free_block", "largest free block"),
          _latest("heap_min_free", "minimum free since boot"), width=8, low=0, **_BY_POLLS),
    lines("RAPI success", "Share of the gateway's commands that succeeded.",
          "percentunit", (points(_RATIO, OF_CHARGER, EACH), "success"), low=0, high=1,
          interval="10m", **_BY_POLLS),
    lines("Clock", "The charger's clock minus the time of arrival.", "s",
          _mean("clock_skew", "skew"), **_BY_POLLS),
))  # fmt: skip

_PAST = PanelRow("Events", (
    table("Events", "The last 200 in the selected time range.",
            {"Time": "Time", "kind": "Kind", "text": "Text", "code": "Code"},
            'SELECT "kind", "text", "code" FROM "evse_event" '
            f"WHERE {OF_CHARGER} ORDER BY time DESC LIMIT 200", height=10),
))  # fmt: skip

CHARGER_BOARD = Dashboard(
    "nofos-charger-influx",
    "Charger (InfluxDB)",
    "All data of one charger.",
    QueryLanguage.INFLUXQL,
    (_FIRST, _STATE, _CHARGING, _HEALTH, _PAST),
    variables=(CHARGER,),
    annotations=marks(OF_CHARGER),
)
