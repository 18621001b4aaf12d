"""Publishes the messages of a ledger again, in order and with the original timing."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

from bridge.sim.clock import Clock
from bridge.sim.connector import Connector
from bridge.sim.endpoint import Endpoint
from bridge.sim.ledger import Ledger
from bridge.sim.link import MqttLink
from bridge.sim.message import ConnectFailed, SimMessage
from bridge.sim.options import SimError

_FIRST_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 10.0
_FULL_SECONDS = 0.005
_CLIENT_ID = "nofos-replay"


class Replay:
    """One connection for all chargers, to preserve the order."""

    def __init__(
        self, *, recording: Path, endpoint: Endpoint, connector: Connector, ledger: Ledger
    ) -> None:
        self._recording = recording
        self._endpoint = endpoint
        self._connector = connector
        self._ledger = ledger

    async def run(self, clock: Clock, started: asyncio.Event) -> None:
        """Until the end of the recording; waits while the broker is unavailable."""
        link: MqttLink | None = None
        began = clock.now()
        first: float | None = None
        try:
            for at, note in read_recording(self._recording):
                first = at if first is None else first
                await clock.until(began + at - first)
                if link is None or not link.up:
                    link = await self._connected()
                    started.set()
                while link.full:  # noqa: ASYNC110 - paho has no event for it
                    await asyncio.sleep(_FULL_SECONDS)
                link.publish(note)
        finally:
            if link is not None:
                link.disconnect()

    async def _connected(self) -> MqttLink:
        wait = _FIRST_RETRY_SECONDS
        while True:
            link = self._new_link()
            with contextlib.suppress(ConnectFailed):
                await self._connector.connect(link)
                return link
            await asyncio.sleep(wait * random.uniform(0.7, 1.0))
            wait = min(2 * wait, _LONGEST_RETRY_SECONDS)

    def _new_link(self) -> MqttLink:
        return MqttLink(
            endpoint=self._endpoint,
            client_id=_CLIENT_ID,
            will=None,
            on_sent=self._on_sent,
            on_message=lambda _topic, _payload: None,
        )

    def _on_sent(self, note: SimMessage) -> None:
        self._ledger.message(note.charger, note.topic, note.payload, note.retain)


def read_recording(path: Path) -> Iterator[tuple[float, SimMessage]]:
    """Time and message of each message line; raises SimError with the line number."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if (one := _read(path, number, line)) is not None:
                    yield one
    except OSError as error:
        raise SimError(f"recording {path} cannot be read: {error.strerror}") from error


def _read(path: Path, number: int, line: str) -> tuple[float, SimMessage] | None:
    try:
        row = json.loads(line)
        if "truth" in row:
            return None
        retain, charger = bool(row["retain"]), str(row["charger"])
        return float(row["time"]), SimMessage(
            str(row["topic"]), str(row["payload"]), retain, charger
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SimError(f"recording {path}, line {number}: not a message of a ledger") from error
