"""The recorded series for dashboards: the whole fleet, by site."""

from bridge.alerts import recorded
from bridge.alerts.model import Recording, RuleGroup
from bridge.alerts.query import NAMES_SERIES, any_replica


def _with_site(expression: str) -> str:
    """Chargers without a site form a group of their own, without the label."""
    return f"{expression} * on (charger) group_left (site) {NAMES_SERIES}"


def _sum_by_site(expression: str) -> str:
    return f"sum by (site) (\n  {_with_site(expression)}\n)"


OVERVIEW = RuleGroup(
    "nofos-overview",
    (
        Recording(recorded.UP, _sum_by_site(any_replica("evse_up"))),
        Recording(recorded.ANNOUNCED, _sum_by_site(any_replica("evse_announced"))),
        Recording(recorded.POWER, _sum_by_site(any_replica("evse_power_watts"))),
        Recording(
            recorded.STATES,
            'count_values by (site) ("state_code",\n'
            f"  {_with_site(any_replica('evse_state_code'))}\n)",
        ),
        # By charger, since a sum over chargers falls whenever one of them goes, and a counter
        # that falls counts as begun anew.
        Recording(
            recorded.FAULTS,
            f"sum by (charger) ({any_replica('evse_faults_total', 'fault')})",
        ),
    ),
)
