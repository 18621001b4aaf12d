"""The committer: writes the outbox to disk, at most a second behind.

Lines go to the journal, chargers and events to the state file, each off the event loop. While
the disk fails, both wait in memory, up to a limit; what is dropped beyond it is counted.
Events and sessions are written to the state file before the journal, so that a bridge that is
killed between the two does not report them again.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Protocol

from bridge.core.errors import SYSTEM_FAILURES, DiskTrouble
from bridge.core.model import ChargerId, Event, Reason, SavedState, Session
from bridge.core.output.batch import Batch
from bridge.core.output.line_parser import stamp_of
from bridge.core.output.outbox import Outbox
from bridge.monitoring.stats import Accounts
from bridge.storage.disk_trouble import DiskTroubles, TroubleLog
from bridge.storage.pending_events import PendingEvents
from bridge.storage.waiting_history import WaitingHistory

COMMIT_SECONDS = 0.7
"""Together with a frame's quiet gap, a reading is on disk within a second."""
MOST_WAITING = 500_000
LINES_PER_APPEND = 5000
CHARGERS_PER_TURN = 100
SAVE_SECONDS = 30.0
"""How long the state file may lag behind a charger of which only numbers changed."""
DISK_TIMEOUT_SECONDS = 10.0
"""How long the bridge, when it stops, waits for a disk that does not answer."""


class PointsJournal(Protocol):
    """What the committer needs of the journal."""

    async def append(self, batch: Batch) -> None:
        """Commit a batch, or raise DiskTrouble."""


class StateStore(Protocol):
    """What the committer needs of the state file."""

    async def save(
        self,
        *,
        chargers: Mapping[ChargerId, SavedState | None],
        events: Sequence[Event],
        sessions: Sequence[Session],
        pending: Sequence[bytes] | None,
    ) -> None:
        """Commit chargers, events and sessions together, or raise DiskTrouble.

        `pending`: the lines of events and sessions that are not in the journal yet; None keeps
        those that were saved before.
        """


class SavedStates(Protocol):
    """What the committer needs of the registry."""

    def saved_states(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        """The states to save of these chargers; None for those that retired."""


class Committer:
    """Empties the outbox into the journal and the state file."""

    def __init__(
        self,
        *,
        out: Outbox,
        accounts: Accounts,
        journal: PointsJournal,
        state_file: StateStore,
        registry: SavedStates,
        pending: Sequence[bytes] = (),
        stored_when_committed: bool,
        repeated_log: TroubleLog,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._accounts = accounts
        self._journal = journal
        self._state_file = state_file
        self._registry = registry
        self._stored_when_committed = stored_when_committed
        self._steady = steady
        self._disk_troubles = DiskTroubles(repeated_log)
        self._history = WaitingHistory(out)
        self._pending = PendingEvents(pending)
        self._in_flight = 0
        """Lines at the head of the outbox that the journal is appending."""
        self._one_at_a_time = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self.dropped = {"event": 0, "session": 0, "point": 0}
        """Events, sessions, and points of them, that were dropped while the disk failed."""

    @property
    def empty(self) -> bool:
        """Whether nothing waits for the disk."""
        out, history = self._out, len(self._history) or self._pending.lines
        return not (history or out.lines or out.dirty or out.dirty_since)

    async def run(self) -> None:
        """Commit until cancelled; a commit that has begun is finished first."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            commit = self._running = asyncio.create_task(self.commit(), name="commit")
            try:
                while not commit.done():
                    await asyncio.wait({commit}, timeout=COMMIT_SECONDS)
                    self._shed()
            except asyncio.CancelledError:
                await asyncio.wait({commit}, timeout=DISK_TIMEOUT_SECONDS)
                raise
            commit.result()

    async def commit(self, *, last: bool = False) -> None:
        """Commit what is due; everything where it is the `last` commit.

        A commit that is running is waited for. An error of one file does not stop the other's
        commit.
        """
        async with self._one_at_a_time:
            await self._commit(last=last)

    async def _commit(self, *, last: bool) -> None:
        if last:
            self._out.mark_due_dirty(math.inf)
        await self._try("points", self._commit_points)
        if await self._try("state", self._commit_state):
            await self._try("events", self._commit_pending)
        if last and self._pending.unsaved:
            await self._try("state", self._commit_state)

    def discard_uncommitted(self) -> int:
        """Count the readings that the disk did not accept before the bridge stops.

        A commit that still waits for the disk counts nothing any more.
        """
        if self._running is not None:
            self._running.cancel()
        lost = self._out.readings_held
        self._accounts.discard(Reason.DISK, lost)
        self._out.readings_held = 0
        return lost

    async def _try(self, name: str, commit: Callable[[], Awaitable[None]]) -> bool:
        try:
            await commit()
        except (DiskTrouble, *SYSTEM_FAILURES) as trouble:
            waiting = len(self._out.lines) + len(self._pending.lines)
            self._disk_troubles.failed(name, str(trouble) or type(trouble).__name__, waiting)
            return False
        self._disk_troubles.succeeded(name)
        return True

    async def _commit_points(self) -> None:
        out = self._out
        totals = [each for each in out.counters.items() if each[0] in out.totals]
        while self._pending.collect(out):
            head, counts = out.lines[:LINES_PER_APPEND], out.readings[:LINES_PER_APPEND]
            self._in_flight = len(head)
            try:
                await self._journal.append(Batch(head, counts, out.first_ms, out.last_ms))
            finally:
                self._in_flight = 0
            del out.lines[: len(head)], out.readings[: len(head)]
            committed = sum(counts)
            out.readings_held -= committed
            if self._stored_when_committed:
                self._accounts.stored += committed
        out.first_ms = 0
        out.show_saved(totals)

    async def _commit_pending(self) -> None:
        pending = self._pending
        while pending.lines:
            lines = pending.lines[:LINES_PER_APPEND]
            # Their own times: a session may have ended a while ago, or in an earlier run.
            stamps = [stamp_of(line) for line in lines]
            pending.in_flight = len(lines)
            try:
                await self._journal.append(Batch(lines, [0] * len(lines), min(stamps), max(stamps)))
            finally:
                pending.in_flight = 0
            pending.acknowledge(len(lines))

    async def _commit_state(self) -> None:
        out = self._out
        out.mark_due_dirty(self._steady() - SAVE_SECONDS)
        states = await self._first_states()
        # No await from here to the save: a charger's events are saved together with the state
        # that it was in.
        states |= self._registry.saved_states(out.dirty)
        out.dirty = set()
        events, sessions = self._history.begin_save()
        counters = [each for each in out.counters.items() if each[0] not in out.totals]
        self._pending.collect(out)
        pending = tuple(self._pending.lines) if self._pending.unsaved else None
        if not (states or events or sessions) and pending is None:
            return
        self._pending.unsaved, saved = False, False
        try:
            await self._state_file.save(
                chargers=states, events=events, sessions=sessions, pending=pending
            )
            saved = True
        finally:
            if not saved:
                out.dirty |= states.keys()
                self._pending.unsaved = True
                self._history.failed()
        self._history.saved()
        out.show_saved(counters)

    async def _first_states(self) -> dict[ChargerId, SavedState | None]:
        """All but the last few, in turns, so that a change of a whole site does not block the
        event loop; a charger that changes again meanwhile is marked dirty again."""
        out, states = self._out, dict[ChargerId, SavedState | None]()
        while len(out.dirty) > CHARGERS_PER_TURN:
            some = set(islice(out.dirty, CHARGERS_PER_TURN))
            out.dirty -= some
            states |= self._registry.saved_states(some)
            await asyncio.sleep(0)
        return states

    def _shed(self) -> None:
        """Keep memory within its limit: the oldest are dropped, each reading counted."""
        over = len(self._out.lines) - MOST_WAITING
        if over > 0:
            lost, points = self._out.drop(self._in_flight, over)
            self._accounts.discard(Reason.DISK, lost)
            self.dropped["point"] += points
        self.dropped["point"] += self._pending.shed(MOST_WAITING)
        events, sessions = self._history.shed(MOST_WAITING)
        self.dropped["event"] += events
        self.dropped["session"] += sessions
