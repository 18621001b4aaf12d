"""Carries out the polling schedule: starts what is due, reports the outcome to the schedule."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollRequest, PollSchedule

_LONGEST_WAIT_SECONDS = 1.0
_PAUSE_SECONDS = 0.02
"""Between two checks of the schedule: a thousand polls per second need fewer checks."""
_STARTED_AT_ONCE = 8
"""Requests that are started in one turn of the event loop: a few milliseconds."""


class Fetch(Protocol):
    """What the poller needs of the client."""

    async def fetch(self, charger: ChargerId, address: Address, page: Page) -> PollReply:
        """Send one request; never raises."""


class Poller:
    """`address` returns None for a charger that may not be polled any more; `ended` receives
    each reply on the event loop."""

    def __init__(
        self,
        *,
        schedule: PollSchedule,
        client: Fetch,
        address: Callable[[ChargerId], Address | None],
        ended: Callable[[PollRequest, PollReply, Moment], None],
        clock: Callable[[], Moment],
    ) -> None:
        self._schedule = schedule
        self._client = client
        self._address = address
        self._ended = ended
        self._clock = clock
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """The schedule changed."""
        self._wake.set()

    async def run(self) -> None:
        """Poll until cancelled, which also cancels the requests in flight."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                due = self._schedule.due(self._clock().steady)
                for number, request in enumerate(due, start=1):
                    tasks.create_task(self._poll(request), name=f"poll {request.charger}")
                    if number % _STARTED_AT_ONCE == 0:
                        await asyncio.sleep(0)
                await asyncio.sleep(_PAUSE_SECONDS)
                await self._wait_for_due()

    async def _wait_for_due(self) -> None:
        due = self._schedule.next_due()
        wait = _LONGEST_WAIT_SECONDS if due is None else due - self._clock().steady
        if wait <= 0 or self._wake.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(_LONGEST_WAIT_SECONDS, wait)):
                await self._wake.wait()

    async def _poll(self, request: PollRequest) -> None:
        reply = PollReply(PollOutcome.UNRESOLVED, 0.0)
        try:
            address = self._address(request.charger)
            if address is not None:
                reply = await self._client.fetch(request.charger, address, request.page)
        finally:
            # Also where it was cut short: else it would be in flight for ever.
            now = self._clock()
            self._schedule.done(request, reply.outcome, now.steady, reply.server)
            self._wake.set()
        self._ended(request, reply, now)
