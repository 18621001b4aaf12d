"""The committer: takes what the core decided and commits it, at most a second behind.

Lines go to the journal, chargers and events to the state file, each off the event loop. A
disk that fails keeps both waiting in memory, up to a bound; what falls over is counted.
What was lived through reaches the journal only once the state file knows of it, so that a
bridge that is killed in between does not live through it again.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Protocol

from bridge.core.errors import DiskTrouble
from bridge.core.model import ChargerId, Event, Reason, SavedState, Session
from bridge.core.output.batch import Batch
from bridge.core.output.line_parser import stamp_of
from bridge.core.output.outbox import Outbox
from bridge.monitoring.stats import Accounts
from bridge.storage.disk_trouble import DiskTroubles, RepeatedLog
from bridge.storage.pending_events import PendingEvents

COMMIT_SECONDS = 0.7
"""With a frame's quiet gap this keeps a reading's way to the disk within a second."""
MOST_WAITING = 500_000
LINES_PER_APPEND = 5000
CHARGERS_PER_TURN = 100
SAVE_SECONDS = 30.0
"""How long the state file may lag behind a charger that only sent newer numbers."""
PATIENCE_SECONDS = 10.0
"""How long an end of the bridge waits for a disk that does not answer."""


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

        `pending` are the lines of events and sessions that the journal lacks; None: as before.
        """


class SavedStates(Protocol):
    """What the committer needs of the registry."""

    def saved_states(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        """What the state file is to keep of these chargers; None for those that retired."""


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
        stored_when_kept: bool,
        repeated_log: RepeatedLog,
    ) -> None:
        self._out = out
        self._accounts = accounts
        self._journal = journal
        self._state_file = state_file
        self._registry = registry
        self._stored_when_kept = stored_when_kept
        self._disk_troubles = DiskTroubles(repeated_log)
        self._events: list[Event] = []
        self._sessions: list[Session] = []
        self._pending = PendingEvents(pending)
        self._under_way = 0
        """Lines at the head of the outbox that the journal has in hand."""

    @property
    def empty(self) -> bool:
        """Nothing waits for the disk."""
        out, lived = self._out, self._events or self._sessions or self._pending.lines
        return not (lived or out.lines or out.dirty or out.dirty_since)

    async def run(self) -> None:
        """Commit for ever; a commit that began is brought to its end, also when cancelled."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            commit = asyncio.create_task(self.commit(), name="commit")
            try:
                while not commit.done():
                    await asyncio.wait({commit}, timeout=COMMIT_SECONDS)
                    self._shed()
            except asyncio.CancelledError:
                await asyncio.wait({commit}, timeout=PATIENCE_SECONDS)
                raise
            commit.result()

    async def commit(self, *, last: bool = False) -> None:
        """Commit what is there, the last time all of it.

        Trouble with one file is no trouble for the other.
        """
        if last:
            self._mark_due_dirty(math.inf)
        await self._try("points", self._commit_points)
        if await self._try("state", self._commit_state):
            await self._try("events", self._commit_pending)
        if last and self._pending.unsaved:
            await self._try("state", self._commit_state)

    def give_up(self) -> int:
        """The bridge ends and the disk did not take all: count what is lost with it."""
        lost = self._out.readings_held
        self._accounts.discard(Reason.DISK, lost)
        self._out.readings_held = 0
        return lost

    async def _try(self, name: str, keep: Callable[[], Awaitable[None]]) -> bool:
        try:
            await keep()
        except DiskTrouble as trouble:
            waiting = len(self._out.lines) + len(self._pending.lines)
            self._disk_troubles.failed(name, str(trouble), waiting)
            return False
        self._disk_troubles.succeeded(name)
        return True

    async def _commit_points(self) -> None:
        out = self._out
        while self._pending.collect(out):
            head, counts = out.lines[:LINES_PER_APPEND], out.readings[:LINES_PER_APPEND]
            self._under_way = len(head)
            try:
                await self._journal.append(Batch(head, counts, out.first_ms, out.last_ms))
            finally:
                self._under_way = 0
            del out.lines[: len(head)], out.readings[: len(head)]
            kept = sum(counts)
            out.readings_held -= kept
            if self._stored_when_kept:
                self._accounts.stored += kept
        out.first_ms = 0

    async def _commit_pending(self) -> None:
        pending = self._pending
        while pending.lines:
            lines = pending.lines[:LINES_PER_APPEND]
            # Their own times: a session ended some while ago, or in an earlier run.
            stamps = [stamp_of(line) for line in lines]
            await self._journal.append(Batch(lines, [0] * len(lines), min(stamps), max(stamps)))
            pending.settle(len(lines))

    async def _commit_state(self) -> None:
        out = self._out
        self._mark_due_dirty(time.monotonic() - SAVE_SECONDS)
        states = await self._most_states()
        # From here to the commit nothing waits: what a charger lived through and the state
        # that it was in are saved together.
        states |= self._registry.saved_states(out.dirty)
        out.dirty = set()
        self._events += out.events
        self._sessions += out.sessions
        out.events, out.sessions = [], []
        events, sessions = list(self._events), list(self._sessions)
        counters = list(out.counters.items())
        self._pending.collect(out)
        pending = tuple(self._pending.lines) if self._pending.unsaved else None
        if not (states or events or sessions) and pending is None:
            return
        self._pending.unsaved = False
        try:
            await self._state_file.save(
                chargers=states, events=events, sessions=sessions, pending=pending
            )
        except DiskTrouble:
            out.dirty |= states.keys()
            self._pending.unsaved = True
            raise
        del self._events[: len(events)], self._sessions[: len(sessions)]
        out.show_saved(counters)

    async def _most_states(self) -> dict[ChargerId, SavedState | None]:
        """All but a few, in turns, so that a whole site's change does not hold up the loop;
        one that changes again meanwhile is among the changed again."""
        out, states = self._out, dict[ChargerId, SavedState | None]()
        while len(out.dirty) > CHARGERS_PER_TURN:
            some = set(islice(out.dirty, CHARGERS_PER_TURN))
            out.dirty -= some
            states |= self._registry.saved_states(some)
            await asyncio.sleep(0)
        return states

    def _mark_due_dirty(self, oldest: float) -> None:
        """Let those be saved whose numbers have grown since this steady time, or before."""
        out = self._out
        for id_ in out.dirty:
            out.dirty_since.pop(id_, None)
        for id_, since in list(out.dirty_since.items()):
            if since > oldest:
                break
            del out.dirty_since[id_]
            out.dirty.add(id_)

    def _shed(self) -> None:
        """Memory is bounded: the oldest lines go first, each reading counted."""
        out, first = self._out, self._under_way
        over = len(out.lines) - MOST_WAITING
        if over > 0:
            gone = slice(first, first + over)
            lost = sum(out.readings[gone])
            del out.lines[gone], out.readings[gone]
            out.readings_held -= lost
            self._accounts.discard(Reason.DISK, lost)
        self._pending.shed(MOST_WAITING)
        del self._events[: max(0, len(self._events) - MOST_WAITING)]
        del self._sessions[: max(0, len(self._sessions) - MOST_WAITING)]
