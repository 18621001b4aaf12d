"""Alerts about the gateway in front of the controller: crashes, power, memory, radio, clock."""

from bridge.alerts.model import Alert, Dashboard, Group, Scope, Severity
from bridge.alerts.query import AGAIN, POLLED_AGAIN, WHO, any_replica, gained

_BLOCK = "evse_heap_largest_free_block_bytes"


def _boots(window: str) -> str:
    return any_replica(gained("evse_boots_total", window))


def _rises(counter: str, window: str) -> str:
    return any_replica(f"increase({counter}[{window}])")


GATEWAY = Group(
    "nofos-gateway",
    (
        Alert(
            "EvseCrash",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_rises('evse_crashes_total', '30m')} > 0",
            "0m",
            f"{WHO}: its gateway crashed",
            "The gateway's firmware crashed and booted again within the last 30 minutes.",
            Dashboard.CHARGER,
        ),
        Alert(
            "EvseCrashLoop",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_rises('evse_crashes_total', '1h')} > 2.5\nor {_boots('1h')} > 4.5",
            "0m",
            f"{WHO}: its gateway boots again and again",
            "It crashed or booted about {{ $value | printf `%.0f` }} times within an hour.",
            Dashboard.CHARGER,
        ),
        Alert(
            "EvseBrownOut",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_boots('1h')} > 0\n"
            f'and on (charger) evse_last_reset{{reason=~"brownout|pwr_glitch"}} == 1',
            "0m",
            f"{WHO}: its supply voltage broke down",
            "The gateway booted within the last hour because its supply voltage was too low.",
            Dashboard.CHARGER,
            keep=POLLED_AGAIN,
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
            f"{WHO}: its gateway's memory leaks away",
            "At this pace its largest free block falls below 10 kB within a day, and it crashes.",
            Dashboard.CHARGER,
            keep=POLLED_AGAIN,
        ),
        Alert(
            "EvseWifiWeak",
            Severity.INFO,
            Scope.CHARGER,
            f"{any_replica('avg_over_time(evse_wifi_rssi_dbm[1h])')} < -85",
            "30m",
            f"{WHO}: weak Wi-Fi",
            "On average {{ $value | printf `%.0f` }} dBm within an hour; below -85 dBm it loses "
            "its network.",
            Dashboard.CHARGER,
        ),
        Alert(
            "EvseClockOff",
            Severity.INFO,
            Scope.CHARGER,
            f"{any_replica('abs(evse_clock_skew_seconds)')} > 120",
            "1h",
            f"{WHO}: its clock is wrong",
            "It is {{ $value | humanizeDuration }} off.",
            Dashboard.CHARGER,
            keep=POLLED_AGAIN,
        ),
        Alert(
            "EvseDuplicate",
            Severity.WARNING,
            Scope.CHARGER,
            f"{any_replica('evse_duplicate')} == 1",
            "5m",
            f"{WHO}: another device has its id or its topic",
            "Two devices share this id, or two ids share one base topic: readings cannot be told "
            "apart and are discarded.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
    ),
)
