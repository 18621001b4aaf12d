"""A real Mosquitto and a plain listener, for the simulator's tests."""

import asyncio
import contextlib
import getpass
import json
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from bridge.sim.options import SimOptions
from bridge.sim.run import simulate

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "mosquitto"
PATIENCE_SECONDS = 8.0


def free_port(address: str = "127.0.0.1") -> int:
    """A port nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind((address, 0))
        return int(sock.getsockname()[1])


async def until(happened: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition; fails after a while."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 - what is waited for happens in other threads too
            await asyncio.sleep(0.01)


class Mosquitto:
    """A broker of its own on a free port; it can be stopped and started again."""

    def __init__(self, folder: Path, *, tls: str = "") -> None:
        """`tls` is further lines of the listener's configuration."""
        self.port = free_port()
        self.url = f"mqtt{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._config = folder / "mosquitto.conf"
        text = f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n{tls}"
        # Started by root it would become a user that may not read the test's folder.
        text += f"user {getpass.getuser()}\n"
        self._config.write_text(text + "max_queued_messages 0\n")
        self._process: Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when it takes connections."""
        self._launch()
        try:
            await until(self._answers)
        except TimeoutError:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    def _launch(self) -> None:
        self._process = Popen([MOSQUITTO, "-c", self._config], stdout=DEVNULL, stderr=DEVNULL)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Listener:
    """Everything a subscriber hears, as (topic, payload, retained)."""

    def __init__(self, port: int, pattern: str = "#") -> None:
        self._lock = threading.Lock()
        self._heard: list[tuple[str, str, bool]] = []
        self._pattern = pattern
        self.ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe(pattern)
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def heard(self) -> list[tuple[str, str, bool]]:
        with self._lock:
            return list(self._heard)

    def payloads(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in self.heard if name == topic]

    def announced(self, state: str) -> list[dict[str, str]]:
        """The announcements in a state, in their order."""
        rows = [json.loads(p) for t, p, _ in self.heard if t.startswith("openevse/announce/") and p]
        return [row for row in rows if row["state"] == state]

    def say(self, topic: str, payload: str) -> None:
        self._client.publish(topic, payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        with self._lock:
            self._heard.append((message.topic, message.payload.decode(), message.retain))


@contextlib.asynccontextmanager
async def listening(port: int, pattern: str = "#") -> AsyncIterator[Listener]:
    listener = Listener(port, pattern)
    try:
        await until(listener.ready.is_set)
        yield listener
    finally:
        listener.close()


@contextlib.asynccontextmanager
async def simulating(options: SimOptions) -> AsyncIterator[None]:
    """The simulation runs as long as the block, which begins when all chargers have tried."""
    started = asyncio.Event()
    task = asyncio.create_task(simulate(options, started=started), name="simulation")
    waiting = asyncio.create_task(started.wait(), name="waiting for the simulation")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield
    finally:
        waiting.cancel()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def ledger_messages(path: Path) -> Iterator[tuple[str, str, bool]]:
    """The messages of a ledger: topic, payload, retain."""
    for row in _rows(path):
        if "truth" not in row:
            yield row["topic"], row["payload"], row["retain"]


def ledger_truths(path: Path) -> list[dict[str, Any]]:
    """The life events of a ledger."""
    return [row["truth"] | {"charger": row["charger"]} for row in _rows(path) if "truth" in row]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The complete lines; the last one may be half written."""
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        yield json.loads(line)
