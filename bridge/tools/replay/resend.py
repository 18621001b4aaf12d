"""Sends rows of the journal to a store, batch by batch in their order, with limited patience."""

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from bridge.core.errors import CommandFailed
from bridge.core.output.batch import RefusedLine
from bridge.sinks.influx.bisect import write_all
from bridge.sinks.influx.retry import RetryingWriter, Store

PATIENCE_SECONDS = 600.0
Row = tuple[int, list[bytes]]


@dataclass(frozen=True, slots=True)
class Sent:
    """The store is done with all rows up to `row`; of the lines since the last, some it refused."""

    row: int
    stored: int
    refusals: list[RefusedLine]


class Patience:
    """Told of requests by the sender; ends the command where waiting is of no use any more."""

    def __init__(self, told: Callable[[str], None], seconds: float) -> None:
        self._told = told
        self._seconds = seconds
        self._since = time.monotonic()

    def request(self, _store: str, outcome: str, _seconds: float, /) -> None:
        if outcome not in {"busy", "denied"}:
            self._since = time.monotonic()

    def trouble(self, store: str, why: str, kind: str, /) -> None:
        """Raises CommandFailed for a denial, and for a store that is away for too long."""
        if kind == "denied":
            raise CommandFailed(f"{store} does not let us in: {why}; look at org, bucket and token")
        waited = time.monotonic() - self._since
        if waited > self._seconds:
            raise CommandFailed(
                f"{store} took nothing for {waited:.0f} s: {why}; "
                "the same command goes on from here"
            )
        self._told(f"{store} is waited for: {why}")


class Resend:
    """One store, and the rows that it is to get (again)."""

    def __init__(
        self, name: str, store: Store, *, told: Callable[[str], None], batch: int,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._batch = batch
        self._sender = RetryingWriter(
            name, store, report=Patience(told, patience), sleep=sleep, random=chance.random
        )

    async def send(self, rows: Iterable[Row], done: Callable[[Sent], None]) -> None:
        """All of them, `done` told after each batch. Raises CommandFailed."""
        for row, lines in _batches(rows, self._batch):
            refusals = await write_all(lines, [1] * len(lines), self._sender.write)
            done(Sent(row, len(lines) - len(refusals), refusals))


def _batches(rows: Iterable[Row], most: int) -> Iterator[Row]:
    """Rows joined up to `most` lines; a longer one comes alone and whole."""
    last, joined = 0, list[bytes]()
    for row, lines in rows:
        if joined and len(joined) + len(lines) > most:
            yield last, joined
            joined = []
        last = row
        joined += lines
    if joined:
        yield last, joined
