"""What the tests of TLS to the broker share: a bridge, and what it says while it fails."""

import re
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import eventually

Lines = list[MutableMapping[str, Any]]


@dataclass
class Watched:
    """A bridge, and every line that its connection logged."""

    running: Bridge
    lines: Lines

    @property
    def losses(self) -> list[str]:
        """Why each attempt failed."""
        return [line["why"] for line in self.lines if line["event"] == "mqtt.lost"]

    def said(self, event: str) -> int:
        """How many lines of this event."""
        return [line["event"] for line in self.lines].count(event)

    async def loses(self) -> None:
        """The connection that was there is over."""
        await eventually(lambda: self.losses, 20)

    async def fails(self, pattern: str, times: int = 2) -> None:
        """Each of the next attempts fails with this sentence in one line, and nothing else."""
        del self.lines[:]
        await eventually(lambda: len(self.losses) >= times, 20)
        assert {line["event"] for line in self.lines} == {"mqtt.lost"}
        assert all(line["again_in_s"] > 0 for line in self.lines)
        assert [why for why in self.losses if not re.search(pattern, why)] == []
        assert [why for why in self.losses if "\n" in why] == []
        status, body = await self.running.get("/readyz")
        assert (status, "not connected to the broker" in body) == (503, True)
        assert await self.running.metric("evse_bridge_mqtt_connected") == 0

    async def hears(self) -> None:
        """It connects without a restart."""
        await self.running.hears()


@asynccontextmanager
async def watched(folder: Path, broker: str, **settings: str) -> AsyncIterator[Watched]:
    """A bridge whose log is kept, on its own data folder."""
    with capture_logs() as lines:
        async with bridge(folder, broker, **settings) as running:
            yield Watched(running, lines)


def attempts(server: Mosquitto) -> int:
    """Connections that the broker took so far."""
    return server.log.count("New connection from")


@contextmanager
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries within a fraction of a second."""
    with monkeypatch.context() as patch:
        patch.setattr("bridge.sources.mqtt.client.FIRST_WAIT", 0.2)
        patch.setattr("bridge.sources.mqtt.client.LONGEST_WAIT", 0.4)
        yield
