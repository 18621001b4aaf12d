"""The recorded series: chargers' names, which are up, and each one's fault."""

from bridge.alerts.model import Recording, RuleGroup
from bridge.alerts.query import NAMES_SERIES, any_replica
from bridge.core.fields.states import FAULTS

UP = "charger:evse_up:max"
SITE_UP = "charger_site:evse_up:max"
FAULT = "charger_fault:evse_state_code:is"

_ONE_NAME = "topk by (charger) (1, max by (charger, name, alias, site) ({}))"

_FAULT_CODES = "\nor\n".join(
    f'label_replace({any_replica(f"evse_state_code == {code}")}, "fault", "{name}", "", "")'
    for code, name in FAULTS.items()
)

RECORDINGS = RuleGroup(
    "nofos-recordings",
    (
        # Two replicas may know one charger by two names; the alerts need exactly one. While a
        # bridge starts anew, what looks back goes on and would be another alert without names.
        Recording(
            NAMES_SERIES,
            f"{_ONE_NAME.format('evse_info')}\nor on (charger)\n"
            f"{_ONE_NAME.format('last_over_time(evse_info[15m])')}",
        ),
        Recording(UP, any_replica("evse_up")),
        Recording(
            SITE_UP,
            f'{UP} * on (charger) group_left (site) ({NAMES_SERIES}{{site!=""}})',
        ),
        Recording(FAULT, _FAULT_CODES),
    ),
)
