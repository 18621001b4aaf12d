"""Energy and sessions: per day, per charger, per site; peak; utilisation."""

from bridge.alerts.recorded import POWER, STATES
from bridge.dashboards.build import bars, lines, ranking, stat
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage, Threshold
from bridge.dashboards.promql.common import (
    RECORDED,
    SITE,
    TO_CHARGER_OF_SERIES,
    UNRECORDED,
    by_site,
    each,
    greatest,
    grown,
    or_zero,
    power_by_site,
    recorded,
)

_JOULES = grown("evse_energy_joules_total")
_ENDED = grown("evse_sessions_total")
_POWER = each("evse_power_watts")
_BLUE = (Threshold(None, "blue"),)
# Of all pods together first: the one that came a moment ago has another mean.
_CHARGING = "avg_over_time((max by (charger) (evse_state_code == bool 3))[$__range:])"
_BUSY, _PLUGGED = recorded(STATES, ',state_code="3"'), recorded(STATES, ',state_code=~"2|3"')
_NONE = f"0 * sum({recorded(STATES)})"
_DAY = {"interval": "1d", "low": 0}


def _spent(series: str) -> str:
    """The number of chargers summed over time; a missing value counts as 0."""
    return f"sum(sum_over_time({series}[$__range]))"


def _daily(metric: str) -> str:
    """The point of a day is at its beginning; today's is still increasing."""
    # Else the day that is not over would have no point, and a new installation none at all.
    return (
        f"(sum by (charger) (increase({metric}[$__interval] offset -$__interval)) "
        'and on (charger) last_over_time(evse_info{site=~"$site"}[$__interval] '
        "offset -$__interval))"
    )


_SUM = PanelRow("In the selected time range", (
    stat("Energy", "Delivered by all chargers.", "watth", or_zero(f"sum({_JOULES}) / 3600"),
         width=4),
    stat("Sessions", "Sessions that ended.", "short", or_zero(f"sum({_ENDED})"),
         decimals=0, width=4),
    stat("Energy per session", "Energy divided by sessions that ended.", "watth",
         f"sum({_JOULES}) / 3600 / (sum({_ENDED}) > 0)", width=4),
    stat("Power now", "Of all chargers.", "watt", or_zero(f"sum({_POWER})"), width=4),
    stat("Peak power", "The highest total of all chargers." + RECORDED, "watt",
         f"max_over_time(sum({recorded(POWER)})[$__range:])", width=4, no_value=UNRECORDED),
    stat("Utilisation", "Share of time in which the chargers were charging." + RECORDED,
         "percentunit", f"{_spent(_BUSY)} / {_spent(recorded(STATES))}",
         width=4, no_value=UNRECORDED),
))  # fmt: skip

_OVER_TIME = PanelRow("Over time", (
    bars("Energy per day", "Days begin at midnight UTC.", "watth",
         (f"sum({_daily('evse_energy_joules_total')}) / 3600", "energy"), **_DAY),
    bars("Sessions per day", "Sessions that ended; days begin at midnight UTC.", "short",
         (f"sum({_daily('evse_sessions_total')})", "sessions"), decimals=0, **_DAY),
    lines("Power by site", "Sum of the chargers' power." + RECORDED, "watt",
          (power_by_site(), "{{site}}"), low=0, no_value=UNRECORDED),
    lines("Chargers in use", "Chargers that are charging, or have a car plugged in." + RECORDED,
          "short", (f"sum({_BUSY}) or {_NONE}", "charging"),
          (f"sum({_PLUGGED}) or {_NONE}", "plugged in"), low=0, no_value=UNRECORDED),
))  # fmt: skip

_WHO = PanelRow("By site and charger", (
    ranking("Energy by site", "In the selected time range.", "watth",
            (f"sort_desc({by_site(_JOULES)} / 3600)", "{{site}}"),
            width=8, thresholds=_BLUE),
    ranking("Energy by charger", "The top fifteen.", "watth",
            (greatest(15, f"{_JOULES} / 3600"), "{{who}}"),
            width=8, thresholds=_BLUE, link_url=TO_CHARGER_OF_SERIES),
    ranking("Sessions by charger", "The top fifteen.", "short",
            (greatest(15, _ENDED), "{{who}}"),
            width=8, thresholds=_BLUE, link_url=TO_CHARGER_OF_SERIES, decimals=0),
    ranking("Busiest", "The fifteen chargers with the largest share of charging time.",
            "percentunit", (greatest(15, each(_CHARGING)), "{{who}}"),
            thresholds=_BLUE, link_url=TO_CHARGER_OF_SERIES, high=1),
    ranking("Highest peak", "The fifteen chargers with the highest power.", "watt",
            (greatest(15, each("max_over_time(evse_power_watts[$__range])")), "{{who}}"),
            thresholds=_BLUE, link_url=TO_CHARGER_OF_SERIES),
))  # fmt: skip

ENERGY = Dashboard(
    "nofos-energy",
    "Energy and sessions",
    "Delivered energy per day, per charger and per site.",
    QueryLanguage.PROMQL,
    (_SUM, _OVER_TIME, _WHO),
    variables=(SITE,),
    since="now-7d",
    refresh="5m",
)
