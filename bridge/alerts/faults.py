"""Alerts about the faults that a charger's controller reports."""

from bridge.alerts.model import Alert, DashboardPath, RuleGroup, Scope, Severity
from bridge.alerts.query import AFTER_RESTART, CHARGER_NAME, any_replica, increase_without_resets
from bridge.alerts.recordings import FAULT

PAGING_FAULTS = ("gfci_fault", "no_ground", "over_temperature", "stuck_relay")
_TRIPS = {
    "gfci_fault": "evse_gfci_trips_total",
    "no_ground": "evse_no_ground_trips_total",
    "stuck_relay": "evse_stuck_relay_trips_total",
}


def _present(fault: str) -> str:
    return f'max by (charger, fault) ({FAULT}{{fault="{fault}"}})'


def _stuck_relay() -> str:
    """Also for a fault that came and went between two scrapes: the relay welded once."""
    counted = (
        'increase(evse_faults_total{fault="stuck_relay"}[10m]) > 0',
        f"{increase_without_resets('evse_stuck_relay_trips_total', '10m')} > 0",
    )
    conditions = (FAULT + '{fault="stuck_relay"}', *counted)
    return "max by (charger) (\n  " + "\n  or\n  ".join(conditions) + "\n)"


def _fault_entries(window: str) -> str:
    """How often each fault occurred; the controller's own count where it is higher."""
    trips = "".join(
        f'\n  or label_replace({increase}, "trips", "{fault}", "", "")'
        for fault, metric in _TRIPS.items()
        for increase in [increase_without_resets(metric, window)]
    )
    marked = f"(\n  increase(evse_faults_total[{window}]){trips}\n)"
    return any_replica(f'label_replace({marked}, "fault", "$1", "trips", "(.+)")', "fault")


FAULTS = RuleGroup(
    "nofos-faults",
    (
        Alert(
            "EvseStuckRelay",
            Severity.PAGE,
            Scope.CHARGER,
            _stuck_relay(),
            "0m",
            f"{CHARGER_NAME}: a relay is stuck",
            "The controller measured voltage behind an open relay: the plug may be live although "
            "no "
            "car is charging.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseGfciFault",
            Severity.PAGE,
            Scope.CHARGER,
            _present("gfci_fault"),
            "2m",
            f"{CHARGER_NAME}: ground-fault interrupter tripped",
            "The fault has lasted 2 minutes: the controller's own retries did not clear it.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseNoGround",
            Severity.PAGE,
            Scope.CHARGER,
            _present("no_ground"),
            "2m",
            f"{CHARGER_NAME}: no protective earth",
            "The controller has detected no ground for 2 minutes.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseOverTemperature",
            Severity.PAGE,
            Scope.CHARGER,
            _present("over_temperature"),
            "1m",
            f"{CHARGER_NAME}: over temperature",
            "The controller stopped charging because of its temperature.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseChargerFault",
            Severity.WARNING,
            Scope.CHARGER,
            f'max by (charger, fault) ({FAULT}{{fault!~"{"|".join(PAGING_FAULTS)}"}})',
            "2m",
            f"{CHARGER_NAME}: {{{{ $labels.fault }}}}",
            "The controller has reported this fault for 2 minutes and is not charging.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
    ),
)

# Six hours of each fault of each charger: with 10,000 chargers that takes seconds.
RECURRING = RuleGroup(
    "nofos-recurring",
    (
        Alert(
            "EvseFaultsRecurring",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_fault_entries('6h')} > 2.5",
            "0m",
            f"{CHARGER_NAME}: {{{{ $labels.fault }}}} keeps recurring",
            "It occurred about {{ $value | printf `%.0f` }} times within 6 hours, however briefly.",
            DashboardPath.FAULTS,
        ),
    ),
    interval="5m",
)
