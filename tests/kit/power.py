"""Chargers whose power is cut together with the bridge's: they reboot, with their false zeros."""

import json
import random
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.kit.load import connect_packet, packet

TURN_SECONDS = 0.4
ZEROS_SECONDS = 1.5
WATT_SECONDS_PER_SECOND = 11_000.0
PATIENCE_SECONDS = 10.0


class PowerCharger:
    """One charger at 11 kW; its numbers are those of the present moment."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.id = f"p{number:03}"
        self.address = f"127.0.77.{number + 1}"
        self._chance = chance
        self._base = 4_000_000.0 + 1000 * number
        self._began = time.monotonic()
        self._booted = 0.0
        self._boots, self._commands = 10, 1000
        self._trips = 3

    def reboot(self) -> None:
        """Restart the gateway: false zeros for a while, perhaps after a trip."""
        self._booted = time.monotonic()
        self._boots, self._commands = self._boots + 1, 1
        self._trips += self._chance.random() < 0.5

    def status(self) -> dict[str, object]:
        """What it reports now."""
        now, self._commands = time.monotonic(), self._commands + 8
        delivered = (now - self._began) * WATT_SECONDS_PER_SECOND
        zeros = now - self._booted < ZEROS_SECONDS
        wh = 0 if zeros else int(self._base + delivered / 3600)
        return {
            "wh": wh, "state": 3, "pilot": 16, "amp": 0 if zeros else 16, "temp1": False,
            "watthour": wh, "wattsec": 0 if zeros else int(delivered), "elapsed": int(now),
            "rapi_connected": 1, "comm_success": self._commands, "comm_sent": self._commands,
            "boot_count": self._boots, "reset_reason": 4, "reset_reason_str": "panic",
            "crash_seq": self._boots - 5, "gfcicount": 0 if zeros else self._trips,
            "nogndcount": 0, "stuckcount": 0,
        }  # fmt: skip


class PowerSite:
    """Chargers that send over MQTT, answer over HTTP, or both, as long as the block."""

    def __init__(self, broker: int, *, chargers: int, mqtt: bool, http: bool, seed: int) -> None:
        self._chance = random.Random(seed)
        self._chargers = [PowerCharger(n, self._chance) for n in range(chargers)]
        self._mqtt, self._http = mqtt, http
        self._server = ThreadingHTTPServer(("0.0.0.0", 0), self._handler())
        self._stop = threading.Event()
        self._sock = socket.create_connection(("127.0.0.1", broker), PATIENCE_SECONDS)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, name="status"),
            threading.Thread(target=self._publish, name="publish"),
        ]

    @property
    def port(self) -> int:
        """The port of the chargers' web servers, each of which has an address of its own."""
        return int(self._server.server_port)

    def cut(self) -> None:
        """Cut the power: all restart."""
        for charger in self._chargers:
            charger.reboot()

    def __enter__(self) -> Self:
        self._sock.sendall(connect_packet(b"site"))
        assert self._sock.recv(4) == b"\x20\x02\x00\x00"
        for each in self._chargers:
            said = {"state": "connected", "id": each.id, "name": each.id, "mqtt": f"b/{each.id}"}
            if self._http:
                said["http"] = f"http://{each.address}:{self.port}/"
            topic = f"openevse/announce/{each.id}"
            self._sock.sendall(packet(topic, json.dumps(said), retain=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        self._sock.close()

    def _publish(self) -> None:
        while not self._stop.wait(TURN_SECONDS):
            for each in self._chargers if self._mqtt else ():
                if self._chance.random() < 0.02:
                    each.reboot()
                said = each.status()
                keys = ("wh", "state", "pilot", "amp")
                self._sock.sendall(
                    b"".join(packet(f"b/{each.id}/{key}", str(said[key])) for key in keys)
                )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        by_address = {each.address: each for each in self._chargers}
        chance = self._chance

        class Handler(BaseHTTPRequestHandler):
            """Answers /status; now and then with an error."""

            def do_GET(self) -> None:
                charger = by_address[self.connection.getsockname()[0]]
                good = self.path == "/status" and chance.random() < 0.8
                body = json.dumps(charger.status()).encode() if good else b"{}"
                self.send_response(200 if good else 404 if self.path != "/status" else 500)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        return Handler
