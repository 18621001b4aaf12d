"""Energy and sessions: per day, per charger, per site; peak; utilisation."""

from bridge.dashboards.build import bars, lines, ranking, stat
from bridge.dashboards.model import Dashboard, Language, Row, Threshold
from bridge.dashboards.promql.common import (
    SITE,
    TO_CHARGER_OF_SERIES,
    by_site,
    each,
    grown,
    or_zero,
)

_JOULES = grown("evse_energy_joules_total")
_ENDED = grown("evse_sessions_total")
_POWER = each("evse_power_watts")
_BLUE = (Threshold(None, "blue"),)
_CHARGING = "avg_over_time((evse_state_code == bool 3)[$__range:])"
_DAY = {"interval": "1d", "low": 0}


def _daily(metric: str) -> str:
    """The point of a day stands at its beginning; today's grows."""
    # Else the day that is not over would have no point, and a new installation none at all.
    return (
        f"(max by (charger) (increase({metric}[$__interval] offset -$__interval)) "
        'and on (charger) last_over_time(evse_info{site=~"$site"}[$__interval] '
        "offset -$__interval))"
    )


_SUM = Row("In the chosen time", (
    stat("Energy", "Delivered by all chargers.", "watth", or_zero(f"sum({_JOULES}) / 3600"),
         width=4),
    stat("Sessions", "Sessions that ended.", "short", or_zero(f"sum({_ENDED})"),
         decimals=0, width=4),
    stat("Energy per session", "Energy divided by sessions that ended.", "watth",
         f"sum({_JOULES}) / 3600 / (sum({_ENDED}) > 0)", width=4),
    stat("Power now", "Of all chargers.", "watt", or_zero(f"sum({_POWER})"), width=4),
    stat("Peak power", "The highest sum of all chargers.", "watt",
         f"max_over_time(sum({_POWER})[$__range:])", width=4),
    stat("Utilisation", "Share of the time in which the chargers were charging.", "percentunit",
         f"avg({each(_CHARGING)})", width=4),
))  # fmt: skip

_OVER_TIME = Row("Over time", (
    bars("Energy per day", "Days begin at midnight UTC.", "watth",
         (f"sum({_daily('evse_energy_joules_total')}) / 3600", "energy"), **_DAY),
    bars("Sessions per day", "Sessions that ended; days begin at midnight UTC.", "short",
         (f"sum({_daily('evse_sessions_total')})", "sessions"), decimals=0, **_DAY),
    lines("Power by site", "Sum of the chargers' power.", "watt",
          (by_site(_POWER), "{{site}}"), low=0),
    lines("Chargers in use", "Those that charge, and those where a car is plugged in.", "short",
          (or_zero(f"count({each('evse_state_code')} == 3)"), "charging"),
          (or_zero(f"count({each('evse_state_code')} > 1 < 4)"), "plugged in"), low=0),
))  # fmt: skip

_WHO = Row("Who", (
    ranking("Energy by site", "In the chosen time.", "watth",
            (f"sort_desc({by_site(_JOULES)} / 3600)", "{{site}}"),
            width=8, thresholds=_BLUE),
    ranking("Energy by charger", "The fifteen with most.", "watth",
            (f"topk(15, {_JOULES} / 3600)", "{{charger}}"),
            width=8, thresholds=_BLUE, leads_to=TO_CHARGER_OF_SERIES),
    ranking("Sessions by charger", "The fifteen with most.", "short",
            (f"topk(15, {_ENDED})", "{{charger}}"),
            width=8, thresholds=_BLUE, leads_to=TO_CHARGER_OF_SERIES, decimals=0),
    ranking("Busiest", "The fifteen chargers that charged the greatest share of the time.",
            "percentunit", (f"topk(15, {each(_CHARGING)})", "{{charger}}"),
            thresholds=_BLUE, leads_to=TO_CHARGER_OF_SERIES, high=1),
    ranking("Highest peak", "The fifteen chargers with the highest power.", "watt",
            (f"topk(15, {each('max_over_time(evse_power_watts[$__range])')})", "{{charger}}"),
            thresholds=_BLUE, leads_to=TO_CHARGER_OF_SERIES),
))  # fmt: skip

ENERGY = Dashboard(
    "nofos-energy",
    "Energy and sessions",
    "What was delivered, per day, per charger and per site.",
    Language.PROMQL,
    (_SUM, _OVER_TIME, _WHO),
    variables=(SITE,),
    since="now-7d",
    refresh="5m",
)
