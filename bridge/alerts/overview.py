"""The recorded series for dashboards: what a fleet is as a whole, by site."""

from bridge.alerts import recorded
from bridge.alerts.model import Group, Recording
from bridge.alerts.query import NAMES, any_replica


def _at_its_site(expression: str) -> str:
    """Chargers without a site are one of their own, without the label."""
    return f"{expression} * on (charger) group_left (site) {NAMES}"


def _sum(expression: str) -> str:
    return f"sum by (site) (\n  {_at_its_site(expression)}\n)"


OVERVIEW = Group(
    "nofos-overview",
    (
        Recording(recorded.UP, _sum(any_replica("evse_up"))),
        Recording(recorded.ANNOUNCED, _sum(any_replica("evse_announced"))),
        Recording(recorded.POWER, _sum(any_replica("evse_power_watts"))),
        Recording(
            recorded.STATES,
            'count_values by (site) ("state_code",\n'
            f"  {_at_its_site(any_replica('evse_state_code'))}\n)",
        ),
        # By charger, since a sum over chargers falls whenever one of them goes, and a counter
        # that falls counts as begun anew.
        Recording(
            recorded.FAULTS,
            f"sum by (charger) ({any_replica('evse_faults_total', 'fault')})",
        ),
    ),
)
