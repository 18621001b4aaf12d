"""Alerts about the faults that a charger's controller reports."""

from bridge.alerts.model import Alert, Dashboard, Group, Scope, Severity
from bridge.alerts.query import AGAIN, WHO, any_replica, gained
from bridge.alerts.recordings import FAULT

PAGED = ("gfci_fault", "no_ground", "over_temperature", "stuck_relay")
_TRIPS = {
    "gfci_fault": "evse_gfci_trips_total",
    "no_ground": "evse_no_ground_trips_total",
    "stuck_relay": "evse_stuck_relay_trips_total",
}


def _now(fault: str) -> str:
    return f'max by (charger, fault) ({FAULT}{{fault="{fault}"}})'


def _stuck() -> str:
    """Also where it came and went between two scrapes: the relay welded once."""
    counted = (
        'increase(evse_faults_total{fault="stuck_relay"}[10m]) > 0',
        f"{gained('evse_stuck_relay_trips_total', '10m')} > 0",
    )
    seen = (FAULT + '{fault="stuck_relay"}', *counted)
    return "max by (charger) (\n  " + "\n  or\n  ".join(seen) + "\n)"


def _entries(window: str) -> str:
    """Entries into each fault; the controller's own count where it is higher."""
    trips = "".join(
        f'\n  or label_replace({gained(metric, window)}, "trips", "{fault}", "", "")'
        for fault, metric in _TRIPS.items()
    )
    marked = f"(\n  increase(evse_faults_total[{window}]){trips}\n)"
    return any_replica(f'label_replace({marked}, "fault", "$1", "trips", "(.+)")', "fault")


FAULTS = Group(
    "nofos-faults",
    (
        Alert(
            "EvseStuckRelay",
            Severity.PAGE,
            Scope.CHARGER,
            _stuck(),
            "0m",
            f"{WHO}: a relay is stuck",
            "The controller found voltage behind an open relay: the plug may be live without a "
            "car asking for it.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseGfciFault",
            Severity.PAGE,
            Scope.CHARGER,
            _now("gfci_fault"),
            "2m",
            f"{WHO}: ground-fault interrupter tripped",
            "The fault stands for 2 minutes, so the controller's own retries did not clear it.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseNoGround",
            Severity.PAGE,
            Scope.CHARGER,
            _now("no_ground"),
            "2m",
            f"{WHO}: no protective earth",
            "The controller has found no ground for 2 minutes.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseOverTemperature",
            Severity.PAGE,
            Scope.CHARGER,
            _now("over_temperature"),
            "1m",
            f"{WHO}: too hot",
            "The controller stopped charging because of its temperature.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseChargerFault",
            Severity.WARNING,
            Scope.CHARGER,
            f'max by (charger, fault) ({FAULT}{{fault!~"{"|".join(PAGED)}"}})',
            "2m",
            f"{WHO}: {{{{ $labels.fault }}}}",
            "The controller has reported this fault for 2 minutes and does not charge.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
    ),
)

# Six hours of each fault of each charger: with 10,000 chargers that takes seconds.
RECURRING = Group(
    "nofos-recurring",
    (
        Alert(
            "EvseFaultsRecurring",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_entries('6h')} > 2.5",
            "0m",
            f"{WHO}: {{{{ $labels.fault }}}} comes and goes",
            "It came about {{ $value | printf `%.0f` }} times within 6 hours, however short each "
            "time.",
            Dashboard.FAULTS,
        ),
    ),
    every="5m",
)
