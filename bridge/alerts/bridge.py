"""Alerts about the bridge itself: whether it runs, receives, keeps up and loses nothing."""

from bridge.alerts.model import Alert, DashboardPath, RuleGroup, Scope, Severity
from bridge.alerts.query import INSTANCE

_BUILD = "evse_bridge_build_info"
# One that is down for longer than a day is known by this: Prometheus would look back over weeks.
_KNOWN_DOWN = 'ALERTS{alertname="EvseBridgeDown",alertstate="firing"}'
_KNOWN_BRIDGES = (
    f"on (job, instance) (last_over_time({_BUILD}[1d]) or on (job, instance) {_KNOWN_DOWN})"
)
_DOWN = f"up == 0 and {_KNOWN_BRIDGES}"
_READINGS = "evse_bridge_readings"


_SENT = '{outcome!~"busy|untrusted"}'
_FAILED = '{outcome!~"ok|not_found|busy|untrusted"}'


def _polls(matching: str = "") -> str:
    return f"sum by (job, instance) (rate(evse_bridge_polls_total{matching}[30m]))"


BRIDGE = RuleGroup(
    "nofos-bridge",
    (
        Alert(
            "EvseBridgeDown",
            Severity.PAGE,
            Scope.BRIDGE,
            f"({_DOWN})\nor\n(absent({_BUILD}) unless on () ({_DOWN}))",
            "3m",
            "nofos-bridge is down{{ if $labels.instance }} on " + INSTANCE + "{{ end }}",
            "Prometheus could not scrape it for 3 minutes. The state of its chargers is unknown, "
            "and "
            "what they publish is lost.",
            DashboardPath.BRIDGE,
            keep_firing_for="5m",
        ),
        # One that is scraped in vain is EvseBridgeDown's; one that no target is left of, or that
        # never came up, only the others know of.
        Alert(
            "EvseBridgeShardMissing",
            Severity.PAGE,
            Scope.BRIDGE,
            f"max by (job, namespace) (evse_bridge_shards)\n"
            f"> count by (job, namespace) (up and {_KNOWN_BRIDGES})",
            "10m",
            "Not all bridge shards are running",
            "The fleet is split over {{ $value }} shards, but fewer are up. The state of the "
            "chargers "
            "of the missing shards is unknown.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgeDeaf",
            Severity.PAGE,
            Scope.BRIDGE,
            "evse_bridge_mqtt_ready == 0",
            "2m",
            f"nofos-bridge on {INSTANCE} receives nothing from the broker",
            "For 2 minutes the broker has not confirmed its subscriptions, or has sent no packet. "
            "What chargers publish meanwhile is lost.",
            DashboardPath.BRIDGE,
            # Chargers need a while to be heard again; their alerts stay inhibited so long.
            keep_firing_for="5m",
        ),
        Alert(
            "EvseBridgeReadingsDropped",
            Severity.WARNING,
            Scope.BRIDGE,
            "sum by (job, instance, reason) (increase("
            f'{_READINGS}_discarded_total{{reason=~"bug|disk|limit|refused"}}[15m])) > 0',
            "0m",
            f"nofos-bridge on {INSTANCE} discards readings: {{{{ $labels.reason }}}}",
            "About {{ $value | printf `%.0f` }} valid readings were lost within 15 minutes.",
            DashboardPath.BRIDGE,
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
            f"nofos-bridge on {INSTANCE}: readings are unaccounted for",
            "Readings received and recovered differ from those stored, pending and discarded: a "
            "bug in the bridge.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgeLoopLag",
            Severity.WARNING,
            Scope.BRIDGE,
            "histogram_quantile(0.99, sum by (job, instance, le) ("
            "rate(evse_bridge_loop_lag_seconds_bucket[10m]))) > 0.1",
            "15m",
            f"nofos-bridge on {INSTANCE} is overloaded",
            "Its event loop is blocked for up to {{ $value | humanizeDuration }}; beyond 50 ms the "
            "broker's buffers fill up.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgePollsFailing",
            Severity.WARNING,
            Scope.BRIDGE,
            # Where nothing is heard at all, a charger that is off is not the way's fault.
            f"{_polls(_FAILED)}\n/ {_polls(_SENT)} > 0.5\n"
            'and on (job, instance) evse_bridge_chargers{state="up"} > 0',
            "30m",
            f"nofos-bridge on {INSTANCE}: most polls fail",
            "{{ $value | humanizePercentage }} of its HTTP requests to chargers fail.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgePollsLate",
            Severity.INFO,
            Scope.BRIDGE,
            "evse_bridge_poll_stretch_ratio > 2",
            "30m",
            f"nofos-bridge on {INSTANCE} polls too slowly",
            "The poll interval is {{ $value | printf `%.1f` }} times the configured one.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgeCertificateExpiring",
            Severity.WARNING,
            Scope.BRIDGE,
            "evse_bridge_certificate_expiry_timestamp_seconds - time() < 14 * 86400",
            "1h",
            f"nofos-bridge on {INSTANCE}: certificate {{{{ $labels.file }}}} expires soon",
            "It expires in {{ $value | humanizeDuration }}.",
            DashboardPath.BRIDGE,
        ),
    ),
)
