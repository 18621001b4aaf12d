"""Alerts about storage: the stores, the journal, the disk."""

from bridge.alerts.model import Alert, DashboardPath, RuleGroup, Scope, Severity
from bridge.alerts.query import INSTANCE

STORES = RuleGroup(
    "nofos-stores",
    (
        Alert(
            "EvseBridgeStoreFailing",
            Severity.WARNING,
            Scope.BRIDGE,
            "evse_bridge_store_up == 0\n"
            "and on (job, instance, store) evse_bridge_points_pending > 0",
            "5m",
            f"nofos-bridge on {INSTANCE}: store {{{{ $labels.store }}}} is unavailable",
            "Its requests failed for 5 minutes. Points are kept in the journal; nothing is lost "
            "yet.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgeStoreRefusing",
            Severity.WARNING,
            Scope.BRIDGE,
            "increase(evse_bridge_points_refused_total[1h]) > 0\n"
            "or increase(evse_bridge_columns_refused_total[1h]) > 0",
            "0m",
            f"nofos-bridge on {INSTANCE}: store {{{{ $labels.store }}}} refuses points",
            "It permanently refused about {{ $value | printf `%.0f` }} points, or columns of "
            "points, within an hour.",
            DashboardPath.BRIDGE,
        ),
        # Not by the journal's size: it keeps what stores have already, up to its bound. A
        # point takes about 42 bytes there.
        Alert(
            "EvseBridgeJournalFilling",
            Severity.PAGE,
            Scope.BRIDGE,
            "predict_linear(evse_bridge_points_pending[1h], 6 * 3600) * 60\n"
            "> on (job, instance) group_left () evse_bridge_journal_limit_bytes",
            "15m",
            f"nofos-bridge on {INSTANCE}: the journal cannot keep all points for "
            "store {{ $labels.store }}",
            "At this rate the pending points exceed the journal's size within 6 hours; then the "
            "oldest ones are lost.",
            DashboardPath.BRIDGE,
        ),
        Alert(
            "EvseBridgeDiskFilling",
            Severity.WARNING,
            Scope.BRIDGE,
            "predict_linear(evse_bridge_disk_free_bytes[6h], 24 * 3600) < 0\n"
            "or evse_bridge_disk_free_bytes < 500e6",
            "30m",
            f"nofos-bridge on {INSTANCE}: the journal's disk is filling up",
            "At this rate it is full within a day, or less than 500 MB are left.",
            DashboardPath.BRIDGE,
        ),
    ),
)
