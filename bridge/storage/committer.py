"""The keeper: takes what the core decided and commits it, at most a second behind.

Lines go to the journal, chargers and events to the state file, each off the event loop. A
disk that fails keeps both waiting in memory, up to a bound; what falls over is counted.
What was lived through reaches the journal only once the state file knows of it, so that a
bridge that is killed in between does not live through it again.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from bridge.core.errors import DiskTrouble
from bridge.core.model import ChargerId, Event, Reason, SavedState, Session
from bridge.core.output.line_parser import stamp_of
from bridge.core.output.outbox import Outbox
from bridge.disks import Batch, Bodies, Chronicle, Complaints, Points
from bridge.monitoring.stats import Accounts
from bridge.storage.disk_trouble import DiskTroubles
from bridge.storage.pending_events import Told

COMMIT_SECONDS = 0.7
"""With a frame's quiet gap this keeps a reading's way to the disk within a second."""
MOST_WAITING = 500_000
LINES_PER_APPEND = 5000
CHARGERS_PER_TURN = 100
SAVE_SECONDS = 30.0
"""How long the state file may lag behind a charger that only sent newer numbers."""
PATIENCE_SECONDS = 10.0
"""How long an end of the bridge waits for a disk that does not answer."""


class Keeper:
    """Empties the outbox into the journal and the state file."""

    def __init__(
        self,
        *,
        out: Outbox,
        accounts: Accounts,
        journal: Points,
        chronicle: Chronicle,
        roster: Bodies,
        told: Sequence[bytes] = (),
        stored_when_kept: bool,
        complaints: Complaints,
    ) -> None:
        self._out = out
        self._accounts = accounts
        self._journal = journal
        self._chronicle = chronicle
        self._roster = roster
        self._stored_when_kept = stored_when_kept
        self._disk_troubles = DiskTroubles(complaints)
        self._events: list[Event] = []
        self._sessions: list[Session] = []
        self._told = Told(told)
        self._under_way = 0
        """Lines at the head of the outbox that the journal has in hand."""

    @property
    def empty(self) -> bool:
        """Nothing waits for the disk."""
        out, lived = self._out, self._events or self._sessions or self._told.lines
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
            self._ripe(math.inf)
        await self._try("points", self._keep_points)
        if await self._try("state", self._keep_state):
            await self._try("events", self._keep_told)
        if last and self._told.unsaved:
            await self._try("state", self._keep_state)

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
            waiting = len(self._out.lines) + len(self._told.lines)
            self._disk_troubles.met(name, str(trouble), waiting)
            return False
        self._disk_troubles.over(name)
        return True

    async def _keep_points(self) -> None:
        out = self._out
        while self._told.set_apart(out):
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

    async def _keep_told(self) -> None:
        told = self._told
        while told.lines:
            lines = told.lines[:LINES_PER_APPEND]
            # Their own times: a session ended some while ago, or in an earlier run.
            stamps = [stamp_of(line) for line in lines]
            await self._journal.append(Batch(lines, [0] * len(lines), min(stamps), max(stamps)))
            told.settle(len(lines))

    async def _keep_state(self) -> None:
        out = self._out
        self._ripe(time.monotonic() - SAVE_SECONDS)
        bodies = await self._early_bodies()
        # From here to the commit nothing waits: what a charger lived through and the state
        # that it was in are saved together.
        bodies |= self._roster.bodies(out.dirty)
        out.dirty = set()
        self._events += out.events
        self._sessions += out.sessions
        out.events, out.sessions = [], []
        events, sessions = list(self._events), list(self._sessions)
        counters = list(out.counters.items())
        self._told.set_apart(out)
        told = tuple(self._told.lines) if self._told.unsaved else None
        if not (bodies or events or sessions) and told is None:
            return
        self._told.unsaved = False
        try:
            await self._chronicle.save(chargers=bodies, events=events, sessions=sessions, told=told)
        except DiskTrouble:
            out.dirty |= bodies.keys()
            self._told.unsaved = True
            raise
        del self._events[: len(events)], self._sessions[: len(sessions)]
        out.publish(counters)

    async def _early_bodies(self) -> dict[ChargerId, SavedState | None]:
        """All but a few, in turns, so that a whole site's change does not hold up the loop;
        one that changes again meanwhile is among the changed again."""
        out, bodies = self._out, dict[ChargerId, SavedState | None]()
        while len(out.dirty) > CHARGERS_PER_TURN:
            some = set(islice(out.dirty, CHARGERS_PER_TURN))
            out.dirty -= some
            bodies |= self._roster.bodies(some)
            await asyncio.sleep(0)
        return bodies

    def _ripe(self, oldest: float) -> None:
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
        self._told.shed(MOST_WAITING)
        del self._events[: max(0, len(self._events) - MOST_WAITING)]
        del self._sessions[: max(0, len(self._sessions) - MOST_WAITING)]
