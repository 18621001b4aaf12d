"""Alerts about the gateway in front of the controller: crashes, power, memory, Wi-Fi, clock."""

from bridge.alerts.model import Alert, DashboardPath, RuleGroup, Scope, Severity
from bridge.alerts.query import (
    AFTER_RESTART,
    AFTER_RESTART_POLLED,
    CHARGER_NAME,
    any_replica,
    increase_without_resets,
)

_BLOCK = "evse_heap_largest_free_block_bytes"


def _boots(window: str) -> str:
    return any_replica(increase_without_resets("evse_boots_total", window))


def _rises(counter: str, window: str) -> str:
    return any_replica(f"increase({counter}[{window}])")


GATEWAY = RuleGroup(
    "nofos-gateway",
    (
        Alert(
            "EvseCrash",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_rises('evse_crashes_total', '30m')} > 0",
            "0m",
            f"{CHARGER_NAME}: the gateway crashed",
            "The gateway's firmware crashed and booted again within the last 30 minutes.",
            DashboardPath.CHARGER,
        ),
        Alert(
            "EvseCrashLoop",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_rises('evse_crashes_total', '1h')} > 2.5\nor {_boots('1h')} > 4.5",
            "0m",
            f"{CHARGER_NAME}: the gateway keeps rebooting",
            "It crashed or booted about {{ $value | printf `%.0f` }} times within an hour.",
            DashboardPath.CHARGER,
        ),
        Alert(
            "EvseBrownOut",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_boots('1h')} > 0\n"
            f'and on (charger) evse_last_reset{{reason=~"brownout|pwr_glitch"}} == 1',
            "0m",
            f"{CHARGER_NAME}: supply voltage dropped (brown-out)",
            "The gateway rebooted within the last hour because its supply voltage was too low.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART_POLLED,
        ),
        # A gateway takes most of its memory in its first hours: six without a boot, and a sample
        # from before them, keep that curve from being drawn on into the ground.
        Alert(
            "EvseHeapLeak",
            Severity.WARNING,
            Scope.CHARGER,
            f"{any_replica(f'predict_linear({_BLOCK}[3h], 24 * 3600)')} < 10000\n"
            f"and on (charger) {any_replica(f'{_BLOCK} offset 6h')}\n"
            f"unless on (charger) {_rises('evse_boots_total', '6h')} > 0",
            "1h",
            f"{CHARGER_NAME}: the gateway is running out of memory",
            "At this rate its largest free block falls below 10 kB within a day, and it will "
            "crash.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART_POLLED,
        ),
        Alert(
            "EvseWifiWeak",
            Severity.INFO,
            Scope.CHARGER,
            f"{any_replica('avg_over_time(evse_wifi_rssi_dbm[1h])')} < -85",
            "30m",
            f"{CHARGER_NAME}: weak Wi-Fi",
            "{{ $value | printf `%.0f` }} dBm on average over an hour; below -85 dBm the "
            "connection "
            "drops.",
            DashboardPath.CHARGER,
        ),
        Alert(
            "EvseClockOff",
            Severity.INFO,
            Scope.CHARGER,
            f"{any_replica('abs(evse_clock_skew_seconds)')} > 120",
            "1h",
            f"{CHARGER_NAME}: the clock is wrong",
            "It is {{ $value | humanizeDuration }} off.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART_POLLED,
        ),
        Alert(
            "EvseDuplicate",
            Severity.WARNING,
            Scope.CHARGER,
            f"{any_replica('evse_duplicate')} == 1",
            "5m",
            f"{CHARGER_NAME}: another device uses its id or topic",
            "Two devices use this id, or two ids use one base topic: readings are ambiguous and "
            "are discarded.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
    ),
)
