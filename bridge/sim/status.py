"""The reply to GET /status, and the crash log."""

from datetime import UTC, datetime

from bridge.sim.device import SimDevice, View
from bridge.sim.documents import Members, SimDialect, amperes, volts
from bridge.sim.gateway import REASON_NAMES, CrashRecord, SimGateway
from bridge.sim.wire import Value


def status_document(
    device: SimDevice, dialect: SimDialect, *, at: float, unix: float, address: str, online: bool
) -> dict[str, Value]:
    """All fields of the guide's reference; the amps are milliamperes in the ancestor's dialect."""
    view = device.view(at)
    wired = device.traits.wired
    return {
        "mode": "Wired" if wired else "STA",
        "wifi_client_connected": int(not wired),
        "eth_connected": int(wired),
        "net_connected": 1,
        "ipaddress": address,
        "mqtt_connected": int(online),
        "nofos_connected": int(online),
        "free_heap": view.heap.free,
        "largest_free_block": view.heap.largest_block,
        "min_free_heap": view.heap.least,
        "comm_sent": view.sent,
        "comm_success": view.success,
        "rapi_connected": int(view.connected),
        **_measured(view, dialect),
        **_counted(view, device),
        "ota_update": 0,
        "time": datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "offset": "+0100",
        **_boots(device.gateway),
    }


def _measured(view: View, dialect: SimDialect) -> dict[str, Value]:
    scale = 1000 if dialect is SimDialect.ANCESTOR else 1
    one, two, three = (amperes(current) * scale for current in view.amps)
    v1, v2, v3 = (volts(voltage) for voltage in view.volts)
    members: Members = [("amp", one), ("amp1", one), ("amp2", two), ("amp3", three)]
    members += [("voltage", v1), ("pilot", view.pilot), ("wh", view.wh)]
    members += [("v1", v1), ("v2", v2), ("v3", v3), ("temp1", view.temp1)]
    if view.temp4 is not None:
        members.append(("temp4", view.temp4))
    members += [("state", view.state), ("freeram", view.heap.free), ("srssi", view.rssi)]
    return dict(members)


def _counted(view: View, device: SimDevice) -> dict[str, Value]:
    trips = device.life.trips
    return {
        "elapsed": view.elapsed,
        "wattsec": view.wattsec,
        "watthour": view.wh,
        "gfcicount": trips.gfci,
        "nogndcount": trips.no_ground,
        "stuckcount": trips.stuck_relay,
        "charge_rate": view.pilot,
    }


def _boots(gateway: SimGateway) -> dict[str, Value]:
    counted: dict[str, Value] = {
        "crash_seq": gateway.crash_seq,
        "boot_count": gateway.boot_count,
        "reset_reason": gateway.reason,
        "reset_reason_str": REASON_NAMES[gateway.reason],
    }
    before = gateway.previous
    if before is None:
        return counted
    return counted | {
        "prev_uptime_ms": before.uptime_ms,
        "prev_free_heap": before.heap.free,
        "prev_largest_free_block": before.heap.largest_block,
        "prev_min_free_heap": before.heap.least,
        "prev_unix_time": before.last_seen_unix,
        "crash_recorded_unix_time": before.recorded_unix,
    }


def crashlog_document(gateway: SimGateway, count: int) -> dict[str, Value]:
    """The latest crashes, newest first; 1 to 10 of them."""
    latest = list(gateway.crashes)[::-1][: min(10, max(1, count))]
    return {"count": len(latest), "events": [_crash(record) for record in latest]}


def _crash(record: CrashRecord) -> dict[str, Value]:
    return {
        "seq": record.seq,
        "reset_reason": record.reason,
        "reset_reason_str": REASON_NAMES[record.reason],
        "uptime_ms": record.uptime_ms,
        "free_heap": record.heap.free,
        "largest_free_block": record.heap.largest_block,
        "min_free_heap": record.heap.least,
        "unix_time": record.last_seen_unix,
        "recorded_unix_time": record.recorded_unix,
    }
