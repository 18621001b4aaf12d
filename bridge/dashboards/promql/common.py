"""What the queries of several dashboards share.

Two pods may show one charger for a moment, hence `max by (charger)` of what is. Of what grew,
the sum: a charger that moved grew at one pod and then at the other. The moment at both counts
twice.
"""

from bridge.alerts.recorded import POWER
from bridge.dashboards.model import Variable

AT_SITE = 'evse_info{site=~"$site"}'
NAMES = f"topk by (charger) (1, max by (charger, alias, site, firmware, version) ({AT_SITE}))"
"""One series of value 1 per charger, with what people call it."""
TO_CHARGER = (
    "/d/nofos-charger?${datasource:queryparam}&${__url_time_range}"
    "&var-charger=${__data.fields.Charger}"
)
TO_CHARGER_OF_SERIES = (
    "/d/nofos-charger?${datasource:queryparam}&${__url_time_range}"
    "&var-charger=${__field.labels.charger}"
)
RECORDED = " Rests on the recorded series of rules.yml."
"""What a panel says that stays empty where Prometheus does not load the rules."""
UNRECORDED = "Load rules.yml"
SITE = Variable("site", "Site", "label_values(evse_info, site)")
CHARGER = Variable(
    "charger", "Charger", 'label_values(evse_info{site=~"$site"}, charger)', multi=False
)


def each(metric: str) -> str:
    """One value per charger of the chosen sites."""
    return f"(max by (charger) ({metric}) and on (charger) {AT_SITE})"


def grown(metric: str, over: str = "$__range", *labels: str) -> str:
    """By how much a counter of each charger grew."""
    by = ", ".join(("charger", *labels))
    return f"(sum by ({by}) (increase({metric}[{over}])) and on (charger) {AT_SITE})"


def named(expression: str, *labels: str) -> str:
    """The same with the labels of `evse_info`."""
    return f"{expression} * on (charger) group_left ({', '.join(labels)}) {NAMES}"


def by_site(expression: str) -> str:
    """The sum of each site; chargers without one are a site of their own."""
    return _site_named(f"sum by (site) ({named(expression, 'site')})")


def power_by_site() -> str:
    """The same of the power, as it was recorded."""
    return _site_named(f"sum by (site) ({recorded(POWER)})")


def _site_named(summed: str) -> str:
    return f'label_replace({summed}, "site", "no site", "site", "")'


def or_zero(expression: str) -> str:
    """0 where nothing matches."""
    return f"({expression}) or vector(0)"


def recorded(series: str, labels: str = "") -> str:
    """A recorded series of the chosen sites; chargers without one are a site too."""
    return f'{series}{{site=~"$site"{labels}}}'


def called(expression: str) -> str:
    """The same chargers, in the same order, with `who`: the alias, or else the id."""
    with_id = f'label_replace({named(expression, "alias")}, "who", "$1", "charger", "(.+)")'
    return f'label_replace({with_id}, "who", "$1", "alias", "(.+)")'


def greatest(count: int, expression: str) -> str:
    """The chargers with most, called as people call them."""
    return f"sort_desc({called(f'topk({count}, {expression})')})"


def least(count: int, expression: str) -> str:
    """The chargers with least, called as people call them."""
    return f"sort({called(f'bottomk({count}, {expression})')})"
