"""The keeper: takes what the core decided and commits it, at most a second behind.

Lines go to the journal, chargers and events to the state file, each off the event loop. A
disk that fails keeps both waiting in memory, up to a bound; what falls over is counted.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.core.errors import DiskTrouble
from bridge.core.model import Body, ChargerId, Event, Reason, Session
from bridge.core.outbox import Outbox
from bridge.stats import Accounts

COMMIT_SECONDS = 0.7
"""With a frame's quiet gap this keeps a reading's way to the disk within a second."""
MOST_WAITING = 500_000
LINES_PER_APPEND = 5000
CHARGERS_PER_TURN = 100
SAVE_SECONDS = 30.0
"""How long the state file may lag behind a charger that only sent newer numbers."""
PATIENCE_SECONDS = 10.0
"""How long an end of the bridge waits for a disk that does not answer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines for the journal; `readings` tells how many readings each line carries."""

    lines: Sequence[bytes]
    readings: Sequence[int]
    first_ms: int
    last_ms: int


class Points(Protocol):
    """The journal, as the keeper uses it."""

    async def append(self, batch: Batch) -> None:
        """Commit a batch, or raise DiskTrouble."""


class Chronicle(Protocol):
    """The state file, as the keeper uses it."""

    async def save(
        self,
        *,
        chargers: Mapping[ChargerId, Body | None],
        events: Sequence[Event],
        sessions: Sequence[Session],
    ) -> None:
        """Commit chargers, events and sessions together, or raise DiskTrouble."""


class Bodies(Protocol):
    """Who knows what is to be kept of a charger."""

    def bodies(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, Body | None]:
        """What to keep of these chargers; None for those that are gone."""


class Complaints(Protocol):
    """Who is told of trouble with the disk."""

    def say(self, event: str, *, charger: str | None, level: str, **fields: object) -> None:
        """Tell it, or count it where it was told just now."""


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
        stored_when_kept: bool,
        complaints: Complaints,
    ) -> None:
        self._out = out
        self._accounts = accounts
        self._journal = journal
        self._chronicle = chronicle
        self._roster = roster
        self._stored_when_kept = stored_when_kept
        self._complaints = complaints
        self._events: list[Event] = []
        self._sessions: list[Session] = []
        self._under_way = 0
        """Lines at the head of the outbox that the journal has in hand."""

    @property
    def empty(self) -> bool:
        """Nothing waits for the disk."""
        out = self._out
        return not (out.lines or out.changed or out.grown or self._events or self._sessions)

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
        for name, keep in (("points", self._keep_points), ("state", self._keep_state)):
            try:
                await keep()
            except DiskTrouble as trouble:
                self._complaints.say(
                    "disk.trouble", charger=name, level="error", why=str(trouble),
                    lines_waiting=len(self._out.lines),
                )  # fmt: skip

    def give_up(self) -> int:
        """The bridge ends and the disk did not take all: count what is lost with it."""
        lost = self._out.held
        self._accounts.discard(Reason.DISK, lost)
        self._out.held = 0
        return lost

    async def _keep_points(self) -> None:
        out = self._out
        while out.lines:
            lines, readings = out.lines[:LINES_PER_APPEND], out.readings[:LINES_PER_APPEND]
            self._under_way = len(lines)
            try:
                await self._journal.append(Batch(lines, readings, out.first_ms, out.last_ms))
            finally:
                self._under_way = 0
            del out.lines[: len(lines)], out.readings[: len(readings)]
            kept = sum(readings)
            out.held -= kept
            if self._stored_when_kept:
                self._accounts.stored += kept
        out.first_ms = 0

    async def _keep_state(self) -> None:
        out = self._out
        self._events += out.events
        self._sessions += out.sessions
        out.events, out.sessions = [], []
        events, sessions = list(self._events), list(self._sessions)
        counters = list(out.counters.items())
        self._ripe(time.monotonic() - SAVE_SECONDS)
        changed, out.changed = out.changed, set()
        if not (changed or events or sessions):
            return
        try:
            bodies = await self._bodies(changed)
            await self._chronicle.save(chargers=bodies, events=events, sessions=sessions)
        except DiskTrouble:
            out.changed |= changed
            raise
        del self._events[: len(events)], self._sessions[: len(sessions)]
        out.show(counters)

    def _ripe(self, oldest: float) -> None:
        """Let those be saved whose numbers have grown since this steady time, or before."""
        out = self._out
        for id_ in out.changed:
            out.grown.pop(id_, None)
        for id_, since in list(out.grown.items()):
            if since > oldest:
                break
            del out.grown[id_]
            out.changed.add(id_)

    async def _bodies(self, changed: set[ChargerId]) -> dict[ChargerId, Body | None]:
        """A few at a time, so that a whole site's change does not hold up the loop."""
        waiting, bodies = list(changed), dict[ChargerId, Body | None]()
        for at in range(0, len(waiting), CHARGERS_PER_TURN):
            bodies |= self._roster.bodies(waiting[at : at + CHARGERS_PER_TURN])
            await asyncio.sleep(0)
        return bodies

    def _shed(self) -> None:
        """Memory is bounded: the oldest lines go first, each reading counted."""
        out, first = self._out, self._under_way
        over = len(out.lines) - MOST_WAITING
        if over > 0:
            gone = slice(first, first + over)
            lost = sum(out.readings[gone])
            del out.lines[gone], out.readings[gone]
            out.held -= lost
            self._accounts.discard(Reason.DISK, lost)
        del self._events[: max(0, len(self._events) - MOST_WAITING)]
        del self._sessions[: max(0, len(self._sessions) - MOST_WAITING)]
