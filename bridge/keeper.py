"""The keeper: takes what the core decided and commits it, at most a second behind.

Lines go to the journal, chargers and events to the state file, each off the event loop. A
disk that fails keeps both waiting in memory, up to a bound; what falls over is counted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bridge.core.errors import DiskTrouble
from bridge.core.model import Body, ChargerId, Event, Reason, Session
from bridge.core.outbox import Outbox
from bridge.stats import Accounts

log = structlog.get_logger("keeper")

COMMIT_SECONDS = 0.7
"""With a frame's quiet gap this keeps a reading's way to the disk within a second."""
MOST_WAITING = 500_000
LINES_PER_APPEND = 5000


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

    def bodies(self, chargers: set[ChargerId]) -> dict[ChargerId, Body | None]:
        """What to keep of these chargers; None for those that are gone."""


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
    ) -> None:
        self._out = out
        self._accounts = accounts
        self._journal = journal
        self._chronicle = chronicle
        self._roster = roster
        self._stored_when_kept = stored_when_kept
        self._events: list[Event] = []
        self._sessions: list[Session] = []

    @property
    def empty(self) -> bool:
        """Nothing waits for the disk."""
        out = self._out
        return not (out.lines or out.changed or self._events or self._sessions)

    async def run(self) -> None:
        """Commit for ever; a commit that began is brought to its end, also when cancelled."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            commit = asyncio.create_task(self.commit(), name="commit")
            try:
                await asyncio.shield(commit)
            except asyncio.CancelledError:
                await commit
                raise

    async def commit(self) -> None:
        """Commit what is there; trouble with the disk is logged, and tried again later."""
        try:
            await self._keep_state()
            await self._keep_points()
        except DiskTrouble as trouble:
            log.error("disk.trouble", why=str(trouble), lines_waiting=len(self._out.lines))
            self._shed()

    async def _keep_points(self) -> None:
        out = self._out
        while out.lines:
            lines, readings = out.lines[:LINES_PER_APPEND], out.readings[:LINES_PER_APPEND]
            await self._journal.append(Batch(lines, readings, out.first_ms, out.last_ms))
            del out.lines[: len(lines)], out.readings[: len(readings)]
            kept = sum(readings)
            out.held -= kept
            if self._stored_when_kept:
                self._accounts.stored += kept
        out.first_ms = 0

    async def _keep_state(self) -> None:
        out = self._out
        changed, out.changed = out.changed, set()
        self._events += out.events
        self._sessions += out.sessions
        out.events, out.sessions = [], []
        if not (changed or self._events or self._sessions):
            return
        bodies = self._roster.bodies(changed)
        events, sessions = self._events, self._sessions
        try:
            await self._chronicle.save(chargers=bodies, events=events, sessions=sessions)
        except DiskTrouble:
            out.changed |= changed
            raise
        self._events, self._sessions = [], []

    def _shed(self) -> None:
        """Memory is bounded: the oldest lines go first, each reading counted."""
        out = self._out
        over = len(out.lines) - MOST_WAITING
        if over > 0:
            lost = sum(out.readings[:over])
            del out.lines[:over], out.readings[:over]
            out.held -= lost
            self._accounts.discard(Reason.DISK, lost)
        del self._events[:-MOST_WAITING], self._sessions[:-MOST_WAITING]
