"""Alerts about chargers that cannot be heard: one, a site, the fleet."""

from bridge.alerts.model import Alert, Dashboard, Group, Scope, Severity
from bridge.alerts.query import AGAIN, POLLED_AGAIN, WHO, any_replica
from bridge.alerts.recordings import SITE_UP, UP

_ANNOUNCED = f"{any_replica('evse_announced')} == 1"


def _source(name: str) -> str:
    return any_replica(f'evse_source{{evse_source="{name}"}} == 1')


REACH = Group(
    "nofos-reach",
    (
        Alert(
            "EvseChargerDown",
            Severity.WARNING,
            Scope.CHARGER,
            f"{UP} == 0\nunless on (charger) {_ANNOUNCED}",
            "10m",
            f"{WHO} is down",
            "Nothing came from it for 10 minutes, by MQTT or HTTP, and the broker says that it "
            "is gone.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseChargerSilent",
            Severity.WARNING,
            Scope.CHARGER,
            f"{UP} == 0\nand on (charger) {_ANNOUNCED}",
            "10m",
            f"{WHO} says nothing, though it is announced as connected",
            "Nothing came from it for 10 minutes, by MQTT or HTTP, but the broker was never told "
            "that it is gone.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseChargerMqttDead",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_source('http')}\nunless on (charger) {_source('mqtt')}",
            "15m",
            f"{WHO} is heard over HTTP alone, its MQTT is dead",
            "Its web server answers, but no telemetry came over MQTT for 15 minutes.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseChargerPollsFailing",
            Severity.INFO,
            Scope.CHARGER,
            f"{any_replica('evse_poll_success')} == 0\nand on (charger) {UP} == 1",
            "1h",
            f"{WHO} does not answer over HTTP",
            "It is heard over MQTT, but its polls failed for an hour: trips, boots, crashes and "
            "heap are not known.",
            Dashboard.CHARGER,
            keep=POLLED_AGAIN,
        ),
        Alert(
            "EvseSiteGone",
            Severity.PAGE,
            Scope.SITE,
            f"avg by (site) ({SITE_UP}) < 0.1\nand on (site) count by (site) ({SITE_UP}) >= 2",
            "5m",
            "All chargers of {{ $labels.site }} are gone",
            "More than nine in ten of the site's chargers were not heard for 5 minutes.",
            Dashboard.FLEET,
            keep="10m",
        ),
        Alert(
            "EvseFleetGone",
            Severity.PAGE,
            Scope.FLEET,
            f"1 - avg({UP}) > 0.5\nand on () count({UP}) >= 3",
            "5m",
            "{{ $value | humanizePercentage }} of the fleet is gone",
            "More than half of all chargers were not heard for 5 minutes.",
            Dashboard.FLEET,
            keep="10m",
        ),
    ),
)
