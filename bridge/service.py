"""The bridge itself: makes the parts, runs them, drains them."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

import bridge
from bridge.core.clock import Moment
from bridge.core.cover import Change
from bridge.core.fleet import Rules
from bridge.core.model import ChargerId, Message
from bridge.core.outbox import Outbox
from bridge.core.track import Habits
from bridge.keeper import Keeper
from bridge.logs import Complaints
from bridge.pipeline import Pipeline
from bridge.roster import Roster
from bridge.settings import Influx as InfluxSettings
from bridge.settings import Secrets, Settings
from bridge.sinks.exposition import Exposition
from bridge.sinks.folder import FolderLock
from bridge.sinks.influx import Influx
from bridge.sinks.journal import Journal
from bridge.sinks.mover import Mover
from bridge.sinks.state import StateFile
from bridge.sources.mqtt import Broker, Hearing, Mqtt
from bridge.stats import MAIN, AccountsCollector, Stats
from bridge.web.api import Api
from bridge.web.metrics import Metrics
from bridge.web.page import Page
from bridge.web.server import Server

log = structlog.get_logger("bridge")

TICK_SECONDS = 0.05
SWEEP_MOST = 1000
DRAIN_SECONDS = 10.0
STALLED_SECONDS = 30.0
TRIM_SECONDS = 60.0
SNAPSHOT_SECONDS = 300.0


def now() -> Moment:
    """This moment on both clocks."""
    return Moment(time.time(), time.monotonic())


class Health:
    """What the probes ask."""

    def __init__(self, hearing: Hearing, keepalive: float) -> None:
        self._hearing = hearing
        self._keepalive = keepalive
        self.beat = time.monotonic()

    def dead(self) -> str | None:
        late = time.monotonic() - self.beat
        return f"no turn of the housekeeping for {late:.0f} s" if late > STALLED_SECONDS else None

    def unready(self) -> str | None:
        hearing = self._hearing
        if not hearing.connected:
            return "not connected to the broker"
        if not hearing.subscribed:
            return "the announce topics are not acknowledged"
        if not hearing.ready(time.time(), self._keepalive):
            return "nothing from the broker for two keep-alives"
        return None
