"""Alerts about chargers from which nothing is received: one, a site, the fleet."""

from bridge.alerts.model import Alert, DashboardPath, RuleGroup, Scope, Severity
from bridge.alerts.query import AFTER_RESTART, AFTER_RESTART_POLLED, CHARGER_NAME, any_replica
from bridge.alerts.recordings import SITE_UP, UP

_ANNOUNCED = f"{any_replica('evse_announced')} == 1"


def _source(name: str) -> str:
    return any_replica(f'evse_source{{evse_source="{name}"}} == 1')


REACH = RuleGroup(
    "nofos-reach",
    (
        Alert(
            "EvseChargerDown",
            Severity.WARNING,
            Scope.CHARGER,
            f"{UP} == 0\nunless on (charger) {_ANNOUNCED}",
            "10m",
            f"{CHARGER_NAME} is down",
            "No data for 10 minutes, over MQTT or HTTP, and its last will reported it as "
            "disconnected.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseChargerSilent",
            Severity.WARNING,
            Scope.CHARGER,
            f"{UP} == 0\nand on (charger) {_ANNOUNCED}",
            "10m",
            f"{CHARGER_NAME} is silent, although announced as connected",
            "No data for 10 minutes, over MQTT or HTTP, but no last will was received.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseChargerMqttDead",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_source('http')}\nunless on (charger) {_source('mqtt')}",
            "15m",
            f"{CHARGER_NAME} is only reachable over HTTP, not over MQTT",
            "Its web server responds, but no telemetry was received over MQTT for 15 minutes.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseChargerPollsFailing",
            Severity.INFO,
            Scope.CHARGER,
            f"{any_replica('evse_poll_success')} == 0\nand on (charger) {UP} == 1",
            "1h",
            f"{CHARGER_NAME} does not respond over HTTP",
            "It publishes over MQTT, but its polls failed for an hour: trips, boots, crashes and "
            "heap are unknown.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART_POLLED,
        ),
        Alert(
            "EvseSiteGone",
            Severity.PAGE,
            Scope.SITE,
            f"avg by (site) ({SITE_UP}) < 0.1\nand on (site) count by (site) ({SITE_UP}) >= 2",
            "5m",
            "All chargers of {{ $labels.site }} are down",
            "More than 90 % of the site's chargers sent no data for 5 minutes.",
            DashboardPath.FLEET,
            keep_firing_for="10m",
        ),
        Alert(
            "EvseFleetGone",
            Severity.PAGE,
            Scope.FLEET,
            f"1 - avg({UP}) > 0.5\nand on () count({UP}) >= 3",
            "5m",
            "{{ $value | humanizePercentage }} of the fleet is down",
            "More than half of all chargers sent no data for 5 minutes.",
            DashboardPath.FLEET,
            keep_firing_for="10m",
        ),
    ),
)
