"""Writes lines to one store, and retries while it is unavailable or denies access."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bridge.core.backoff import Backoff
from bridge.core.errors import (
    SinkBusy,
    SinkDenied,
    SinkRefused,
    SinkTooLarge,
    SinkTrouble,
)

_OUTCOMES: dict[type[SinkTrouble], str] = {
    SinkBusy: "busy",
    SinkDenied: "denied",
    SinkTooLarge: "too_large",
    SinkRefused: "refused",
}


class Store(Protocol):
    """What the writer needs of a database."""

    async def write(self, lines: Sequence[bytes], /) -> None:
        """Store the lines, or raise SinkBusy, SinkDenied, SinkTooLarge or SinkRefused."""


class RequestReport(Protocol):
    """Receives the outcome of each request; called on the event loop."""

    def request(self, store: str, outcome: str, seconds: float, /) -> None:
        """A request ended; the outcome is stored, refused, denied, too_large or busy."""

    def trouble(self, store: str, why: str, kind: str, /) -> None:
        """A request failed; the kind is busy, denied or refused."""


class RetryingWriter:
    """Retries with back-off while the store is busy or denies access."""

    def __init__(
        self, name: str, store: Store, *, report: RequestReport,
        sleep: Callable[[float], Awaitable[None]], random: Callable[[], float],
    ) -> None:  # fmt: skip
        self._name = name
        self._store = store
        self._report = report
        self._sleep = sleep
        self._backoff = Backoff(random)

    async def write(self, lines: Sequence[bytes]) -> None:
        """Returns when the lines are stored; raises SinkTooLarge or SinkRefused."""
        while True:
            try:
                await self._try(lines)
            except SinkBusy as error:
                await self._wait(str(error), "busy", error.retry_after)
            except SinkDenied as error:
                await self._wait(str(error), "denied", None)
            except (SinkTooLarge, SinkRefused):
                self._backoff.reset()
                raise
            else:
                self._backoff.reset()
                return

    async def _try(self, lines: Sequence[bytes]) -> None:
        began = time.perf_counter()
        try:
            await self._store.write(lines)
        except SinkTrouble as error:
            outcome = _OUTCOMES[type(error)]
            self._report.request(self._name, outcome, time.perf_counter() - began)
            raise
        self._report.request(self._name, "stored", time.perf_counter() - began)

    async def _wait(self, why: str, kind: str, at_least: float | None) -> None:
        self._report.trouble(self._name, why, kind)
        await self._sleep(self._backoff.next(at_least))
