"""Neither a log that nobody reads nor a flood of reasons to log stops the bridge."""

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import Mosquitto, free_port
from tests.kit.servers.web import ask
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document


@contextmanager
def logging_to(
    descriptor: int, folder: Path, broker: str, port: int, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A bridge whose standard error is this descriptor."""
    environ = {
        "NOFOS_MQTT__URL": broker, "NOFOS_JOURNAL__DIR": str(folder / "data"),
        "NOFOS_WEB__LISTEN": f"127.0.0.1:{port}", "NOFOS_LOG__FORMAT": "json",
        "NOFOS_HTTP__ENABLED": "false", **{f"NOFOS_{k}": v for k, v in settings.items()},
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "run"], env={**os.environ, **environ}, stderr=descriptor
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def metrics(port: int) -> Mapping[str, float]:
    try:
        text = ask(f"http://127.0.0.1:{port}/metrics")
    except OSError:
        return {}
    rows = (row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
    return {name: float(value) for name, value in rows}


def flood(peer: Publisher, first: int, count: int) -> None:
    """Malformed announcements, each on a topic of its own."""
    for n in range(first, first + count):
        peer.say(f"openevse/announce/{n}", '{"id": "' + "x" * 200 + '"}')


async def test_a_log_that_nobody_reads_stops_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    port = free_port()
    started = logging_to(writing, tmp_path, mosquitto.url, port)
    with started as process, Publisher(mosquitto.port) as peer:
        await eventually(lambda: metrics(port).get("evse_bridge_mqtt_ready") == 1, 30)
        flood(peer, 0, 3000)
        announce(peer, "one", "charger/one")
        up = 'evse_up{charger="one"}'

        def hears() -> bool:
            document(peer, "charger/one")
            return metrics(port).get(up) == 1

        await eventually(hears, 20, every=0.3)
        assert "ok" in ask(f"http://127.0.0.1:{port}/livez")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    os.close(writing)
    os.close(reading)


async def test_a_flood_of_reasons_to_log_fills_no_disk(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """It used to write 44 MB in 15 seconds."""
    port, log = free_port(), tmp_path / "log"
    secret = base64.b64encode(b"operator:a-password").decode()
    with (
        log.open("wb") as sink,
        Publisher(mosquitto.port) as peer,
        logging_to(sink.fileno(), tmp_path, mosquitto.url, port) as process,
    ):
        await eventually(lambda: metrics(port).get("evse_bridge_mqtt_ready") == 1, 30)
        malformed = 'evse_bridge_announces_total{outcome="bad_id"}'
        for n in range(10):
            flood(peer, 2000 * n, 2000)
            for request in (b"\x16\x03\x01 no HTTP", f"GET / HTTP/1.1\r\nAuthorization\x00: "
                            f"Basic {secret}\r\n\r\n".encode()):  # fmt: skip
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", port), 5) as sock,
                ):
                    sock.sendall(request + b"\r\n\r\n")
                    sock.recv(1000)
        await eventually(lambda: metrics(port).get(malformed, 0) >= 1000, 30)
        await eventually(lambda: metrics(port)["evse_bridge_log_lines_dropped_total"] > 100, 30)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    text = log.read_text(encoding="utf-8")
    assert len(text) < 500_000
    assert secret not in text
    limited = [row for row in map(json.loads, text.splitlines()) if row["event"] == "log.limited"]
    assert sum(row["lines"] for row in limited) > 100
