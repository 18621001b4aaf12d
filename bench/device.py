"""What a polled charger's web server says: the guide's field reference for `/status`, moving."""

import json
import random
import time

from bench.chargers import MAINS_VOLTS

MEMBERS = 48
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Access-Control-Allow-Origin: *\r\nContent-Length: %d\r\n\r\n"
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BenchDevice:
    """One charger that is charging; it says the same values for the same number."""

    def __init__(self, number: int, address: str) -> None:
        self._rng = random.Random(f"polled/{number}")
        self._address = address
        self._pilot = self._rng.choice((10, 13, 16, 20, 32))
        self._wh = self._rng.uniform(1e5, 9e6)
        self._began_wh, self._began = self._wh, time.time()
        self._asked = 0

    def answer(self) -> bytes:
        """A whole response."""
        body = json.dumps(self.document(time.time()), separators=(",", ":")).encode()
        return _HEAD % len(body) + body

    def document(self, now: float) -> dict[str, object]:
        """All members at a Unix time; energy and counts have grown since the last one."""
        self._asked += 1
        self._wh += self._rng.uniform(50, 200)
        return {**self._network(), **self._measured(), **self._counted(now), **_BOOTS}

    def _network(self) -> dict[str, object]:
        sent = 1000 + 50 * self._asked
        return {
            "mode": "STA", "wifi_client_connected": 1, "eth_connected": 0, "net_connected": 1,
            "ipaddress": self._address, "mqtt_connected": 0, "nofos_connected": 0,
            "free_heap": self._rng.randint(120_000, 180_000), "largest_free_block": 65_524,
            "min_free_heap": 98_304, "comm_sent": sent, "comm_success": sent - 3,
            "rapi_connected": 1,
        }  # fmt: skip

    def _measured(self) -> dict[str, object]:
        rng = self._rng
        amps = [round(self._pilot - rng.uniform(0.2, 0.8), 2) for _ in range(3)]
        volts = [round(MAINS_VOLTS + rng.uniform(-4, 4), 1) for _ in range(3)]
        return {
            "amp": amps[0], "amp1": amps[0], "amp2": amps[1], "amp3": amps[2],
            "voltage": volts[0], "pilot": self._pilot, "wh": round(self._wh, 1),
            "v1": volts[0], "v2": volts[1], "v3": volts[2],
            "temp1": 250 + rng.randint(-3, 3), "temp4": False, "state": 3,
            "freeram": rng.randint(120_000, 180_000), "srssi": -60 - rng.randint(0, 3),
        }  # fmt: skip

    def _counted(self, now: float) -> dict[str, object]:
        return {
            "elapsed": int(now - self._began) + 60,
            "wattsec": int((self._wh - self._began_wh) * 3600),
            "watthour": round(self._wh, 1), "gfcicount": 0, "nogndcount": 1, "stuckcount": 0,
            "charge_rate": self._pilot, "ota_update": 0,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "offset": "+0100",
        }  # fmt: skip


_BOOTS: dict[str, object] = {
    "crash_seq": 2, "boot_count": 17, "reset_reason": 1, "reset_reason_str": "poweron",
    "prev_uptime_ms": 86_400_000, "prev_free_heap": 150_112, "prev_largest_free_block": 65_524,
    "prev_min_free_heap": 98_304, "prev_unix_time": 1_773_100_000,
    "crash_recorded_unix_time": 1_773_000_000,
}  # fmt: skip
