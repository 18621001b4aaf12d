"""Carries out the plan of polls: starts what is due, tells the plan how it ended."""

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

_LONGEST_WAIT = 1.0
_MOMENT = 0.02
"""Between two looks at the plan: a thousand polls a second need no thousand looks."""
_AT_ONCE = 8
"""Requests that one turn of the loop begins: a few milliseconds."""


class Fetch(Protocol):
    """What the poller needs of the client."""

    async def fetch(self, charger: ChargerId, address: Address, page: Page) -> PollReply:
        """One request, never an exception."""


class Poller:
    """`address` may know none any more; `take` is given each reply on the event loop."""

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
        """The plan changed."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; requests in flight end with it."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                for index, ask in enumerate(self._schedule.due(self._clock().steady), start=1):
                    tasks.create_task(self._ask(ask), name=f"poll {ask.charger}")
                    if index % _AT_ONCE == 0:
                        await asyncio.sleep(0)
                await asyncio.sleep(_MOMENT)
                await self._rest()

    async def _rest(self) -> None:
        due = self._schedule.next_due()
        wait = _LONGEST_WAIT if due is None else due - self._clock().steady
        if wait <= 0 or self._wake.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(_LONGEST_WAIT, wait)):
                await self._wake.wait()

    async def _ask(self, ask: PollRequest) -> None:
        address = self._address(ask.charger)
        if address is None:
            reply = PollReply(PollOutcome.UNRESOLVED, 0.0)
        else:
            reply = await self._client.fetch(ask.charger, address, ask.page)
        now = self._clock()
        self._schedule.done(ask, reply.outcome, now.steady)
        self._ended(ask, reply, now)
        self._wake.set()
