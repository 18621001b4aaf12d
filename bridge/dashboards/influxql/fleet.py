"""Fleet: the state of all chargers, and those that need attention."""

from bridge.core.fields.states import CHARGING, CONNECTED, NOT_CONNECTED
from bridge.dashboards.build import bars, lines, stat, table
from bridge.dashboards.influxql.common import (
    AT_SITE,
    EACH,
    LATELY,
    SITE,
    TO_CHARGER,
    events,
    over_chargers,
    points,
    sessions,
)
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage
from bridge.dashboards.words import (
    ASLEEP,
    BAD,
    BUSY,
    GOOD,
    IDLE,
    ODD,
    PRESENCE,
    STATES,
    TROUBLE,
    WARN,
    column,
    good_at_zero,
    series_colours,
)

_FAULTY = '"x" >= 4 AND "x" <= 17'
_UNKNOWN = '("x" > 255 OR ("x" > 17 AND "x" < 254))'
_STATE = 'LAST("state_code")'
_STACKED = {"fillOpacity": 60, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
_COLOURS = series_colours(
    {"charging": GOOD, "connected": BUSY, "not connected": IDLE, "sleeping or disabled": ASLEEP,
     "starting": ODD, "fault": BAD, "unknown": WARN}
)  # fmt: skip
_NOW = {"time_from": LATELY}
_TODAY = {"time_from": "now/d"}


def _in_state(where: str, legend: str) -> tuple[str, str]:
    return over_chargers('COUNT("x")', _STATE, where=where, by=(EACH,)), legend


_FIRST = PanelRow("Now", (
    stat("Active", "Chargers with data in the last five minutes.", "short",
         over_chargers('COUNT("x")', _STATE), width=4, **_NOW),
    stat("In a fault", "Chargers whose last state is a fault.", "short",
         over_chargers('COUNT("x")', _STATE, where=_FAULTY), width=4, no_value="0",
         thresholds=good_at_zero(), **_NOW),
    stat("Power", "Sum over the chargers: current times voltage, power factor taken as 1.",
         "watt", over_chargers('SUM("x")', 'LAST("power")'), width=4, **_NOW),
    stat("Energy today", "Delivered since midnight.", "watth",
         over_chargers('SUM("x")', 'MAX("energy_total") - MIN("energy_total")'), width=4,
         **_TODAY),
    stat("Sessions today", "Charging sessions that ended since midnight.", "short",
         sessions('COUNT("energy_wh")'), width=4, no_value="0", **_TODAY),
    stat("Crashes today", "Crashes of gateways since midnight, at all sites.", "short",
         events("crash"), width=4, no_value="0", thresholds=good_at_zero(WARN), **_TODAY),
))  # fmt: skip

_TIME = PanelRow("Over time", (
    lines("States", "Chargers by their last reported state, per interval.", "short",
          _in_state(f'"x" = {CHARGING}', "charging"),
          _in_state(f'"x" = {CONNECTED}', "connected"),
          _in_state(f'"x" = {NOT_CONNECTED}', "not connected"),
          _in_state('"x" >= 254 AND "x" <= 255', "sleeping or disabled"),
          _in_state('"x" = 0', "starting"),
          _in_state(_FAULTY, "fault"), _in_state(_UNKNOWN, "unknown"), overrides=_COLOURS,
          custom=_STACKED, interval="1m", low=0),
    lines("Power by site", "Sum of the chargers' mean power; the line without a name is the "
          "chargers without a site.", "watt",
          (over_chargers('SUM("x")', 'MEAN("power")', by=(EACH, '"site"')), "$tag_site"),
          custom=_STACKED, interval="1m", low=0),
    bars("Faults and crashes", "Per interval, at all sites.", "short",
         (events("fault", 'COUNT("code")', "$timeFilter", EACH), "faults"),
         (events("crash", 'COUNT("code")', "$timeFilter", EACH), "crashes"),
         overrides=TROUBLE, interval="1m", low=0),
    bars("Connects and disconnects", "Announcements and last wills, at all sites.", "short",
         (events("online", 'COUNT("code")', "$timeFilter", EACH), "online"),
         (events("offline", 'COUNT("code")', "$timeFilter", EACH), "offline"),
         overrides=PRESENCE, interval="1m", low=0),
))  # fmt: skip

_WORST = PanelRow("Need attention", (
    table("Weakest Wi-Fi", "The ten chargers with the weakest signal in the selected time range.",
            {"charger": "Charger", "Signal": "Signal"},
            points('BOTTOM("rssi", "charger", 10) AS "Signal"'),
            shows=(column("Signal", "dBm"),), link=TO_CHARGER, width=12, sort="Signal",
            ascending=True),
    table("Smallest free heap block", "The ten chargers with the least memory; they may "
            "crash soon.",
            {"charger": "Charger", "Block": "Free heap block"},
            points('BOTTOM("heap_largest_free_block", "charger", 10) AS "Block"'),
            shows=(column("Free heap block", "bytes"),), link=TO_CHARGER, width=12,
            sort="Free heap block", ascending=True),
))  # fmt: skip

_ALL = PanelRow("All chargers", (
    table("Chargers", "The last values in the selected time range; linked to each dashboard.",
            {"charger": "Charger", "State": "State", "Power": "Power",
             "Energy": "Energy", "Signal": "Wi-Fi", "Block": "Free heap block"},
            points(f'{_STATE} AS "State", LAST("power") AS "Power", '
                   'MAX("energy_total") - MIN("energy_total") AS "Energy", '
                   'LAST("rssi") AS "Signal", LAST("heap_largest_free_block") AS "Block"',
                   AT_SITE, '"charger"'),
            shows=(column("State", mappings=STATES), column("Power", "watt"),
                   column("Energy", "watth"), column("Wi-Fi", "dBm"),
                   column("Free heap block", "bytes")),
            link=TO_CHARGER, height=12, sort="Energy"),
))  # fmt: skip

FLEET = Dashboard(
    "nofos-fleet-influx",
    "Fleet of chargers (InfluxDB)",
    "All chargers now and over time, and those that need attention.",
    QueryLanguage.INFLUXQL,
    (_FIRST, _TIME, _WORST, _ALL),
    variables=(SITE,),
)
