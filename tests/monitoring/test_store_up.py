"""`evse_bridge_store_up`: a store that accepts lines is up, whatever it refuses among them."""

import asyncio
from collections.abc import Sequence

import pytest
import structlog

from bridge.core.errors import SinkBusy, SinkDenied, SinkRefused, SinkTooLarge, SinkTrouble
from bridge.logs import RepeatedLog
from bridge.monitoring.reporter import Reporter
from bridge.monitoring.stats import Stats
from bridge.sinks.influx.delivery import Delivery
from tests.kit.backlog import MemoryBacklog, numbered


class Watched:
    """A store with a line of trouble now and then; what `store_up` was after each batch."""

    def __init__(self, *troubles: SinkTrouble | None) -> None:
        self.stats = Stats(version="1", stores=("main",))
        self.report = Reporter(stats=self.stats, repeated_log=RepeatedLog(structlog.get_logger()))
        self.backlog = MemoryBacklog([])
        self.troubles = list(troubles)
        self.up_at_requests: list[float] = []
        self.delivery = Delivery(
            "main", self.backlog, self, report=self.report, sleep=self.sleep, random=lambda: 0.0
        )

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    async def write(self, lines: Sequence[bytes], /) -> None:
        self.up_at_requests.append(self.up)
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            raise trouble

    @property
    def up(self) -> float:
        value = self.stats.registry.get_sample_value("evse_bridge_store_up", {"store": "main"})
        assert value is not None
        return value

    async def deliver(self, lines: Sequence[bytes]) -> float:
        self.backlog.append(*lines)
        await self.delivery.drain(5)
        return self.up


def one_of(lines: int) -> SinkRefused:
    return SinkRefused("one bad line", bad={lines - 1: "bad"}, dropped=1, partial=True)


async def test_a_refused_line_among_good_ones_leaves_the_store_up() -> None:
    watched = Watched(*[one_of(21)] * 10)
    assert [await watched.deliver(numbered(21)) for _ in range(10)] == [1.0] * 10
    assert watched.up_at_requests[1:] == [1.0] * 9


async def test_all_or_nothing_with_one_bad_line_leaves_the_store_up() -> None:
    refused = SinkRefused("nothing stored", bad={0: "bad"})
    watched = Watched(None, *[refused, None] * 5)
    assert [await watched.deliver(numbered(21)) for _ in range(6)] == [1.0] * 6
    assert watched.up_at_requests[1:] == [1.0] * 10


async def test_a_refused_line_alone_does_not_take_the_store_down() -> None:
    watched = Watched(None, SinkRefused("bad"))
    await watched.deliver(numbered(1))
    assert await watched.deliver(numbered(1)) == 1.0


async def test_a_body_that_is_too_large_leaves_the_store_up() -> None:
    watched = Watched(None, SinkTooLarge("HTTP 413"))
    await watched.deliver(numbered(1))
    await watched.deliver(numbered(4))
    assert watched.up_at_requests == [0.0, 1.0, 1.0, 1.0]


async def test_a_store_that_only_refuses_is_not_up_after_a_start() -> None:
    watched = Watched(SinkRefused("beyond retention dropped=3", dropped=3, partial=True))
    assert await watched.deliver(numbered(3)) == 0.0


@pytest.mark.parametrize("trouble", [SinkBusy("away"), SinkDenied("HTTP 401")])
async def test_a_store_that_accepts_nothing_is_down(trouble: SinkTrouble) -> None:
    watched = Watched(None, trouble)
    await watched.deliver(numbered(1))
    assert await watched.deliver(numbered(1)) == 1.0
    assert watched.up_at_requests == [0.0, 1.0, 0.0]
