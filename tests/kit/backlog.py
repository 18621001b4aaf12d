"""What the delivery's tests are made of: a backlog in memory, stores, and who is told."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.core.errors import DiskTrouble, SinkRefused, SinkTrouble
from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.sinks.influx.client import InfluxClient
from bridge.sinks.influx.delivery import Delivery

NOW = 1_700_000_000.0


class MemoryBacklog:
    """A journal in memory; `trouble` makes the next calls fail."""

    def __init__(self, lines: Sequence[bytes], readings: Sequence[int] | None = None) -> None:
        self.lines = list(lines)
        self.readings = list(readings or [1] * len(lines))
        self.cursor = 0
        self.trouble = 0
        self.refusals: list[RefusedLine] = []
        self.acknowledged: list[tuple[int, int]] = []
        self.acknowledging: asyncio.Event | None = None
        self._appended = asyncio.Event()

    def append(self, *lines: bytes) -> None:
        self.lines += lines
        self.readings += [1] * len(lines)
        self._appended.set()

    def backlog(self, store: str, /) -> Backlog:
        return Backlog(points=len(self.lines) - self.cursor)

    async def read(self, store: str, most: int, /) -> Batch | None:
        self._check_disk()
        end = min(len(self.lines), self.cursor + most)
        if end == self.cursor:
            return None
        lines, readings = self.lines[self.cursor : end], self.readings[self.cursor : end]
        return Batch(lines, readings, 0, 0, last_row=end)

    async def acknowledge(
        self, store: str, batch: Batch, refusals: Sequence[RefusedLine], unix_ms: int, /
    ) -> None:
        self._check_disk()
        if self.acknowledging is not None:
            self.acknowledging.set()
            for _ in range(5):
                await asyncio.sleep(0)
        self.cursor = batch.last_row
        self.refusals += refusals
        self.acknowledged.append((len(batch.lines), unix_ms))

    async def wait_for_more(self, store: str, seconds: float, /) -> None:
        self._check_disk()
        if self.cursor == len(self.lines):
            self._appended.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._appended.wait(), seconds)

    def _check_disk(self) -> None:
        if self.trouble:
            self.trouble -= 1
            raise DiskTrouble("disk full")


@dataclass
class Reported:
    """All that was reported."""

    outcomes: list[str] = field(default_factory=list)
    journal_troubles: list[str] = field(default_factory=list)
    points: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    columns: int = 0
    troubles: list[tuple[str, str]] = field(default_factory=list)
    unix: float = 0.0

    def request(self, store: str, outcome: str, seconds: float, /) -> None:
        self.outcomes.append(outcome)

    def stored(self, store: str, points: int, readings: int, at: float, /) -> None:
        self.points["stored"] += points
        self.readings["stored"] += readings
        self.unix = at

    def journal_trouble(self, store: str, why: str, /) -> None:
        self.journal_troubles.append(why)

    def refused(self, store: str, points: int, readings: int, columns: int, /) -> None:
        self.points["refused"] += points
        self.columns += columns
        self.readings["refused"] += readings

    def trouble(self, store: str, why: str, kind: str, /) -> None:
        self.troubles.append((kind, why))


class Answering:
    """A store that gives these answers, one a request, and then takes everything."""

    def __init__(self, *answers: SinkTrouble) -> None:
        self.answers = list(answers)
        self.written: list[list[bytes]] = []
        self.stored: set[bytes] = set()

    async def write(self, lines: Sequence[bytes], /) -> None:
        self.written.append(list(lines))
        if self.answers:
            raise self.answers.pop(0)
        self.stored.update(lines)


class Silent:
    """A store that never answers."""

    def __init__(self) -> None:
        self.written = asyncio.Event()

    async def write(self, lines: Sequence[bytes], /) -> None:
        self.written.set()
        await asyncio.Event().wait()


class Picky:
    """All or nothing: refuses a body with a bad line in it and does not tell which."""

    def __init__(self) -> None:
        self.written: list[list[bytes]] = []
        self.stored: set[bytes] = set()

    async def write(self, lines: Sequence[bytes], /) -> None:
        self.written.append(list(lines))
        if any(b"bad" in line for line in lines):
            raise SinkRefused("HTTP 400: bad lines")
        self.stored.update(lines)


class FillsTheDisk(Answering):
    """Stores, and leaves the journal in trouble twice."""

    def __init__(self, backlog: MemoryBacklog) -> None:
        super().__init__()
        self._backlog = backlog

    async def write(self, lines: Sequence[bytes], /) -> None:
        await super().write(lines)
        self._backlog.trouble = 2


@dataclass
class Sleeps:
    """Sleeps that end at once, as long as they were asked for."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


class Scene:
    """A delivery over a backlog in memory, with what it told and how it slept."""

    def __init__(
        self, backlog: MemoryBacklog, store: Answering | Picky | Silent | InfluxClient,
        *, batch: int = 5000, flush_every: float = 1.0,
    ) -> None:  # fmt: skip
        self.backlog = backlog
        self.steady = 0.0
        self.report = Reported()
        self.sleeps = Sleeps()
        self.delivery = Delivery(
            "main", backlog, store, report=self.report, batch=batch, flush_every=flush_every,
            sleep=self.sleeps, clock=lambda: NOW, steady=lambda: self.steady,
            random=lambda: 1.0,
        )  # fmt: skip

    async def deliver(self) -> "Scene":
        await asyncio.wait_for(self.delivery.drain(10), 15)
        assert self.backlog.backlog("main").points == 0
        return self


def numbered(count: int, bad: Sequence[int] = ()) -> list[bytes]:
    return [b"evse n=%d%s" % (n, b" bad" if n in bad else b"") for n in range(count)]
