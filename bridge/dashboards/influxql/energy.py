"""Energy and sessions: per day, per charger, per site, from finished sessions."""

from bridge.dashboards.build import bars, lines, ranking, stat, table
from bridge.dashboards.influxql.common import (
    AT_SITE,
    EACH,
    SITE,
    TO_CHARGER,
    over_chargers,
    sessions,
)
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage, Threshold
from bridge.dashboards.words import column

_BLUE = (Threshold(None, "blue"),)
_DAY = {"interval": "1d", "low": 0}

_SUMS = PanelRow("In the selected time range", (
    stat("Energy", "Delivered by all chargers.", "watth",
         over_chargers('SUM("x")', 'MAX("energy_total") - MIN("energy_total")'), width=4),
    stat("Sessions", "Sessions that ended.", "short", sessions('COUNT("energy_wh")'), width=4,
         no_value="0"),
    stat("Energy per session", "Mean of the sessions that ended.", "watth",
         sessions('MEAN("energy_wh")'), width=4),
    stat("Charging per session", "Mean time in which current flowed.", "s",
         sessions('MEAN("charging_s")'), width=4),
    stat("Plugged in per session", "Mean time from plug to unplug.", "s",
         sessions('MEAN("plugged_s")'), width=4),
    stat("Highest peak", "The highest power of a session.", "watt",
         sessions('MAX("peak_w")'), width=4),
))  # fmt: skip

_TIME = PanelRow("Over time", (
    bars("Energy per day", "Of sessions that ended that day; days begin at midnight UTC.",
         "watth", (sessions('SUM("energy_wh")', EACH), "energy"), **_DAY),
    bars("Sessions per day", "Sessions that ended that day; days begin at midnight UTC.", "short",
         (sessions('COUNT("energy_wh")', EACH), "sessions"), **_DAY),
    lines("Power by site", "Sum of the chargers' mean power; the line without a name is the "
          "chargers without a site.", "watt",
          (over_chargers('SUM("x")', 'MEAN("power")', by=(EACH, '"site"')), "$tag_site"),
          width=24, low=0, interval="1m"),
))  # fmt: skip

_WHO = PanelRow("By site and charger", (
    ranking("Energy by site", "Of the sessions that ended; the bar without a name is the "
            "chargers without a site.", "watth",
            (sessions('SUM("energy_wh")', '"site"'), "$tag_site"), width=8, thresholds=_BLUE),
    table("By charger", "Of the sessions that ended.",
            {"charger": "Charger", "Energy": "Energy", "Sessions": "Sessions", "Peak": "Peak"},
            sessions('SUM("energy_wh") AS "Energy", COUNT("energy_wh") AS "Sessions", '
                     'MAX("peak_w") AS "Peak"', '"charger"'),
            shows=(column("Energy", "watth"), column("Peak", "watt")),
            link=TO_CHARGER, width=16, sort="Energy"),
    table("Latest sessions", "The last hundred that ended.",
            {"Time": "Ended", "charger": "Charger", "energy_wh": "Energy",
             "charging_s": "Charging", "plugged_s": "Plugged in", "peak_w": "Peak"},
            'SELECT "charger", "energy_wh", "charging_s", "plugged_s", "peak_w" '
            f'FROM "evse_charge" WHERE {AT_SITE} ORDER BY time DESC LIMIT 100',
            shows=(column("Energy", "watth"), column("Charging", "s"), column("Plugged in", "s"),
                   column("Peak", "watt")),
            link=TO_CHARGER, height=12),
))  # fmt: skip

ENERGY = Dashboard(
    "nofos-energy-influx",
    "Energy and sessions (InfluxDB)",
    "Delivered energy per day, per charger and per site.",
    QueryLanguage.INFLUXQL,
    (_SUMS, _TIME, _WHO),
    variables=(SITE,),
    since="now-7d",
    refresh="5m",
)
