"""Maintenance: the periodic work."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

from bridge.app.build_clock import BELIEVED_AT
from bridge.core.clock import Moment
from bridge.core.discovery.retired import ASK_SECONDS
from bridge.core.discovery.silence import ListeningTime
from bridge.core.errors import DiskTrouble
from bridge.ingest.discovery import Discovery
from bridge.ingest.pipeline import Pipeline
from bridge.ingest.polling import Polling
from bridge.ingest.prefix_probe import PrefixProbe
from bridge.ingest.registry import Registry
from bridge.logs import RepeatedLog
from bridge.monitoring.clock_watch import ClockWatch
from bridge.monitoring.disk_log import DiskLog
from bridge.monitoring.health import Health
from bridge.monitoring.stats import Stats
from bridge.runtime.loop_lag import longest_turn
from bridge.runtime.round_robin import SLICE_SECONDS

TICK_SECONDS = 0.05
SWEEP_MOST = 500
"""Chargers that are swept in one tick, if its time suffices."""
SWEEP_SECONDS = 1.0
TRIM_SECONDS = 5.0
SNAPSHOT_SECONDS = 300.0
HISTORY = timedelta(days=400)


class TrimmedJournal(Protocol):
    """A journal that can be trimmed."""

    async def trim(self, unix_ms: int) -> object:
        """Delete what exceeds the limits."""


class TrimmedState(Protocol):
    """A state file that can be trimmed and copied."""

    async def trim(self, unix_ms: int, keep: timedelta) -> None:
        """Delete old events and sessions."""

    async def save(self, *, meta: Mapping[str, str]) -> None:
        """Save texts under keys."""

    async def snapshot(self) -> None:
        """Write a snapshot to fall back to."""


class ListenedConnection(Protocol):
    """What tells whether messages can arrive."""

    connected: bool
    subscribed: bool


class Maintenance:
    """Closes frames by time, sweeps the chargers, trims the files, reports that the loop turns."""

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        registry: Registry,
        discovery: Discovery,
        journal: TrimmedJournal,
        state: TrimmedState,
        stats: Stats,
        repeated_log: RepeatedLog,
        disk_log: DiskLog,
        health: Health,
        connection: ListenedConnection,
        clock: Callable[[], Moment],
        clock_watch: ClockWatch,
        polling: Polling | None,
        prefix_probe: PrefixProbe,
        collect_garbage: Callable[[], None],
    ) -> None:
        self._pipeline = pipeline
        self._registry = registry
        self._discovery = discovery
        self._journal = journal
        self._state = state
        self._stats = stats
        self._repeated_log = repeated_log
        self._disk_log = disk_log
        self._health = health
        self._connection = connection
        self._listening = ListeningTime()
        self._clock = clock
        self._clock_watch = clock_watch
        self._polling = polling
        self._prefix_probe = prefix_probe
        self._collect_garbage = collect_garbage

    def tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Each runs until cancelled."""
        return {
            "tick": self._tick,
            "trim": self._trim,
            "snapshot": self._snapshot,
            "retired": self._sweep_retired,
        }

    def observe_clock(self, now: Moment) -> None:
        """Before anything is done at this moment: a step of the clock corrects earlier times."""
        step = self._clock_watch.observe(now)
        if step is not None:
            self._registry.clock_stepped(step)

    async def _tick(self) -> None:
        next_sweep = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            late = time.monotonic() - before - TICK_SECONDS
            self._stats.loop_lag.observe(max(0.0, late, longest_turn()))
            now = self._clock()
            self._health.beat()
            self.observe_clock(now)
            self._pipeline.close_quiet_frames(now)
            # Each of these is some milliseconds of work, and gets its own turn of the event loop.
            await asyncio.sleep(0)
            hears = self._connection.connected and self._connection.subscribed
            self._listening.observe(hears, now.steady)
            listened = self._listening.seconds
            self._discovery.sweep(now, SWEEP_MOST, SLICE_SECONDS, listened=listened)
            await asyncio.sleep(0)
            self._poll(now)
            await asyncio.sleep(0)
            self._collect_garbage()
            if now.steady >= next_sweep:
                next_sweep = now.steady + SWEEP_SECONDS
                self._registry.begin_round()
                if self._polling is not None:
                    self._polling.begin_round()
                self._prefix_probe.sweep(now)
                self._repeated_log.sweep()

    async def _sweep_retired(self) -> None:
        while True:
            await asyncio.sleep(ASK_SECONDS)
            self._discovery.sweep_retired(self._listening.seconds)

    def _poll(self, now: Moment) -> None:
        if self._polling is not None:
            self._polling.sweep(now, SLICE_SECONDS)

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            try:
                await self._journal.trim(int(self._clock_watch.deletion_unix() * 1000))
            except DiskTrouble as trouble:
                self._disk_log.report("disk.trouble", about="task", task="trim", why=str(trouble))

    async def _snapshot(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_SECONDS)
            self._clock_watch.report()
            try:
                # Here and not with the journal: it scans all of the history.
                believed = int(self._clock_watch.deletion_unix())
                await self._state.trim(believed * 1000, HISTORY)
                await self._state.save(meta={BELIEVED_AT: str(believed)})
                await self._state.snapshot()
            except DiskTrouble as trouble:
                self._disk_log.report(
                    "disk.trouble", about="task", task="snapshot", why=str(trouble)
                )
