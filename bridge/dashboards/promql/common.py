"""What the queries of several dashboards share.

Two pods may show one charger for a moment, hence `max by (charger)` before anything is added up.
"""

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
    return f"(max by ({by}) (increase({metric}[{over}])) and on (charger) {AT_SITE})"


def named(expression: str, *labels: str) -> str:
    """The same with the labels of `evse_info`."""
    return f"{expression} * on (charger) group_left ({', '.join(labels)}) {NAMES}"


def by_site(expression: str) -> str:
    """The sum of each site; chargers without one are a site of their own."""
    summed = f"sum by (site) ({named(expression, 'site')})"
    return f'label_replace({summed}, "site", "no site", "site", "")'


def or_zero(expression: str) -> str:
    """0 where nothing matches."""
    return f"({expression}) or vector(0)"
