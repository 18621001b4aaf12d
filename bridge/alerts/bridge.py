"""Alerts about the bridge itself: whether it lives, hears, keeps up and adds up."""

from bridge.alerts.model import Alert, Dashboard, Group, Scope, Severity
from bridge.alerts.query import WHERE

_BUILD = "evse_bridge_build_info"
# One that is down for longer than a day is known by this: Prometheus would look back over weeks.
_KNOWN_DOWN = 'ALERTS{alertname="EvseBridgeDown",alertstate="firing"}'
_OURS = f"on (job, instance) (last_over_time({_BUILD}[1d]) or on (job, instance) {_KNOWN_DOWN})"
_LOST = f"up == 0 and {_OURS}"
_READINGS = "evse_bridge_readings"


_FAILED = '{outcome!~"ok|not_found"}'


def _polls(matching: str = "") -> str:
    return f"sum by (job, instance) (rate(evse_bridge_polls_total{matching}[30m]))"


BRIDGE = Group(
    "nofos-bridge",
    (
        Alert(
            "EvseBridgeDown",
            Severity.PAGE,
            Scope.BRIDGE,
            f"({_LOST})\nor\n(absent({_BUILD}) unless on () ({_LOST}))",
            "3m",
            "nofos-bridge is down{{ if $labels.instance }} on " + WHERE + "{{ end }}",
            "Prometheus could not scrape it for 3 minutes. Nothing is known of its chargers, and "
            "what they say is lost.",
            Dashboard.BRIDGE,
            keep="5m",
        ),
        # One that is scraped in vain is EvseBridgeDown's; one that no target is left of, or that
        # never came up, only the others know of.
        Alert(
            "EvseBridgeShardMissing",
            Severity.PAGE,
            Scope.BRIDGE,
            f"max by (job, namespace) (evse_bridge_shards)\n"
            f"> count by (job, namespace) (up and {_OURS})",
            "10m",
            "Not all bridges that share the fleet are there",
            "They share it among {{ $value }}, and fewer have come up. Nothing is known of the "
            "chargers of those that are missing.",
            Dashboard.BRIDGE,
        ),
        Alert(
            "EvseBridgeDeaf",
            Severity.PAGE,
            Scope.BRIDGE,
            "evse_bridge_mqtt_ready == 0",
            "2m",
            f"nofos-bridge on {WHERE} hears no broker",
            "For 2 minutes it had no subscription that the broker confirmed, or no packet from "
            "it. What chargers publish meanwhile is lost.",
            Dashboard.BRIDGE,
            # Chargers need a while to be heard again; their alerts stay inhibited so long.
            keep="5m",
        ),
        Alert(
            "EvseBridgeReadingsDropped",
            Severity.WARNING,
            Scope.BRIDGE,
            "sum by (job, instance, reason) (increase("
            f'{_READINGS}_discarded_total{{reason=~"bug|disk|limit|refused"}}[15m])) > 0',
            "0m",
            f"nofos-bridge on {WHERE} drops readings: {{{{ $labels.reason }}}}",
            "About {{ $value | printf `%.0f` }} good readings were lost within 15 minutes.",
            Dashboard.BRIDGE,
        ),
        Alert(
            "EvseBridgeIdentityBroken",
            Severity.WARNING,
            Scope.BRIDGE,
            f"({_READINGS}_received_total + {_READINGS}_recovered)\n"
            f"!= on (job, instance)\n"
            f"({_READINGS}_stored_total + {_READINGS}_pending\n"
            f"  + on (job, instance) sum by (job, instance) ({_READINGS}_discarded_total))",
            "5m",
            f"nofos-bridge on {WHERE}: its accounts do not add up",
            "Readings received and recovered are not those stored, pending and discarded: a "
            "fault of the bridge.",
            Dashboard.BRIDGE,
        ),
        Alert(
            "EvseBridgeLoopLag",
            Severity.WARNING,
            Scope.BRIDGE,
            "histogram_quantile(0.99, sum by (job, instance, le) ("
            "rate(evse_bridge_loop_lag_seconds_bucket[10m]))) > 0.1",
            "15m",
            f"nofos-bridge on {WHERE} is overloaded",
            "Its event loop's turns take up to {{ $value | humanizeDuration }}; beyond 50 ms the "
            "broker's buffers fill.",
            Dashboard.BRIDGE,
        ),
        Alert(
            "EvseBridgePollsFailing",
            Severity.WARNING,
            Scope.BRIDGE,
            # Where nothing is heard at all, a charger that is off is not the way's fault.
            f"{_polls(_FAILED)}\n/ {_polls()} > 0.5\n"
            'and on (job, instance) evse_bridge_chargers{state="up"} > 0',
            "30m",
            f"nofos-bridge on {WHERE}: most polls fail",
            "{{ $value | humanizePercentage }} of its requests to chargers fail.",
            Dashboard.BRIDGE,
        ),
        Alert(
            "EvseBridgePollsLate",
            Severity.INFO,
            Scope.BRIDGE,
            "evse_bridge_poll_stretch_ratio > 2",
            "30m",
            f"nofos-bridge on {WHERE} polls too seldom",
            "Polls come {{ $value | printf `%.1f` }} times as far apart as asked for.",
            Dashboard.BRIDGE,
        ),
        Alert(
            "EvseBridgeCertificateExpiring",
            Severity.WARNING,
            Scope.BRIDGE,
            "evse_bridge_certificate_expiry_timestamp_seconds - time() < 14 * 86400",
            "1h",
            f"nofos-bridge on {WHERE}: the certificate of {{{{ $labels.file }}}} ends soon",
            "It is valid for another {{ $value | humanizeDuration }}.",
            Dashboard.BRIDGE,
        ),
    ),
)
