"""Query fragments shared by several dashboards.

Two pods may briefly show one charger, hence `max by (charger)` for gauges. Increases are
summed: a charger that moved increased at one pod, then at the other. The overlap counts twice.
"""

from bridge.alerts.recorded import POWER
from bridge.dashboards.model import Variable

AT_SITE = 'evse_info{site=~"$site"}'
NAMES = f"topk by (charger) (1, max by (charger, alias, site, firmware, version) ({AT_SITE}))"
"""One series of value 1 per charger, with its names."""
TO_CHARGER = (
    "/d/nofos-charger?${datasource:queryparam}&${__url_time_range}"
    "&var-charger=${__data.fields.Charger}"
)
TO_CHARGER_OF_SERIES = (
    "/d/nofos-charger?${datasource:queryparam}&${__url_time_range}"
    "&var-charger=${__field.labels.charger}"
)
RECORDED = " Needs the recording rules of rules.yml."
"""The note on panels that stay empty unless Prometheus loads the rules."""
UNRECORDED = "Load rules.yml"
SITE = Variable("site", "Site", "label_values(evse_info, site)")
CHARGER = Variable(
    "charger", "Charger", 'label_values(evse_info{site=~"$site"}, charger)', multi=False
)


def each(metric: str) -> str:
    """One value per charger of the selected sites."""
    return f"(max by (charger) ({metric}) and on (charger) {AT_SITE})"


def grown(metric: str, over: str = "$__range", *labels: str) -> str:
    """The increase of a counter, per charger."""
    by = ", ".join(("charger", *labels))
    return f"(sum by ({by}) (increase({metric}[{over}])) and on (charger) {AT_SITE})"


def named(expression: str, *labels: str) -> str:
    """The expression with labels of `evse_info`."""
    return f"{expression} * on (charger) group_left ({', '.join(labels)}) {NAMES}"


def by_site(expression: str) -> str:
    """The sum per site; chargers without a site form a group of their own."""
    return _site_named(f"sum by (site) ({named(expression, 'site')})")


def power_by_site() -> str:
    """The recorded power per site."""
    return _site_named(f"sum by (site) ({recorded(POWER)})")


def _site_named(summed: str) -> str:
    return f'label_replace({summed}, "site", "no site", "site", "")'


def or_zero(expression: str) -> str:
    """0 where nothing matches."""
    return f"({expression}) or vector(0)"


def recorded(series: str, labels: str = "") -> str:
    """A recorded series of the selected sites; chargers without a site are included."""
    return f'{series}{{site=~"$site"{labels}}}'


def called(expression: str) -> str:
    """The chargers in the same order, with the label `who`: the alias, or else the id."""
    with_id = f'label_replace({named(expression, "alias")}, "who", "$1", "charger", "(.+)")'
    return f'label_replace({with_id}, "who", "$1", "alias", "(.+)")'


def greatest(count: int, expression: str) -> str:
    """The chargers with the highest values, by alias or id."""
    return f"sort_desc({called(f'topk({count}, {expression})')})"


def least(count: int, expression: str) -> str:
    """The chargers with the lowest values, by alias or id."""
    return f"sort({called(f'bottomk({count}, {expression})')})"
