"""Connects the bridge's own gauges to the parts that know their values."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from bridge.core.output.outbox import Outbox
from bridge.ingest.registry import Registry
from bridge.monitoring.stats import MAIN, AccountsCollector, Stats


class GaugeBacklog(Protocol):
    """What lies behind a store's cursor."""

    @property
    def readings(self) -> int: ...

    @property
    def points(self) -> int: ...

    @property
    def oldest_ms(self) -> int | None: ...


class GaugeJournal(Protocol):
    """The journal, as the gauges see it."""

    @property
    def bytes(self) -> int: ...

    def backlog(self, store: str) -> GaugeBacklog:
        """What this store has not yet."""


class Connection(Protocol):
    """The broker's connection, as the gauges see it."""

    connected: bool
    connections: int
    last_packet: float
    failures: dict[str, int]


class Polls(Protocol):
    """The polling, as the gauges see it."""

    outcomes: dict[str, int]

    @property
    def stretch(self) -> float: ...


class Queries(Protocol):
    """The asking over MQTT, as the gauges see it."""

    outcomes: dict[str, int]


def register_gauges(
    stats: Stats,
    *,
    hearing: Connection,
    ready: Callable[[], bool],
    polls: Polls | None,
    queries: Queries | None,
    registry: Registry,
    journal: GaugeJournal,
    stores: tuple[str, ...],
    out: Outbox,
    limit: int,
    folder: Path,
    shards: int,
    expiries: Callable[[], Mapping[str, float]],
) -> None:
    """Every gauge is read at the scrape; nothing is computed between scrapes."""

    def pending() -> int:
        owed = journal.backlog(MAIN).readings if MAIN in stores else 0
        return out.readings_open + out.readings_held + owed

    def oldest() -> float:
        stamps = [journal.backlog(store).oldest_ms for store in stores]
        return min((stamp for stamp in stamps if stamp), default=0) / 1000

    stats.registry.register(AccountsCollector(stats.accounts, pending))
    read = stats.gauges
    read.add("mqtt_connected", "1 while the broker takes our session.",
             lambda: int(hearing.connected), counter=False)  # fmt: skip
    read.add("mqtt_last_packet_timestamp_seconds", "Unix time of the broker's last packet.",
             lambda: hearing.last_packet, counter=False)  # fmt: skip
    read.add("mqtt_reconnects", "Connections after the first one.",
             lambda: max(0, hearing.connections - 1), counter=True)  # fmt: skip
    read.add("mqtt_ready", "1 while /readyz says that the bridge hears.",
             lambda: int(ready()), counter=False)  # fmt: skip
    read.add("journal_bytes", "Size of the journal.", lambda: journal.bytes, counter=False)
    read.add("journal_limit_bytes", "Bound of the journal's size.", lambda: limit, counter=False)
    read.add("journal_oldest_pending_timestamp_seconds",
             "Stamp of the oldest point that a store has not yet; 0 for none.",
             oldest, counter=False)  # fmt: skip
    read.add("disk_free_bytes", "Free space where the journal lies.",
             lambda: _free(folder), counter=False)  # fmt: skip
    stats.registry.register(read)
    read.table("chargers", "Chargers by presence.", "state", registry.presences, counter=False)
    read.table("mqtt_failures", "Connections that failed or ended, by reason.", "reason",
               lambda: hearing.failures, counter=True)  # fmt: skip
    read.table("polls", "Polls of chargers by outcome.", "outcome",
               lambda: {} if polls is None else polls.outcomes, counter=True)  # fmt: skip
    read.table("queries", "Queries to chargers over MQTT by outcome.", "outcome",
               lambda: {} if queries is None else queries.outcomes, counter=True)  # fmt: skip
    read.add("poll_stretch_ratio", "By how much polls come later than asked for; 1 for in time.",
             lambda: 1.0 if polls is None else polls.stretch, counter=False)  # fmt: skip
    read.add("shards", "Bridges that share the fleet; 1 for one that has it all.",
             lambda: shards, counter=False)  # fmt: skip
    read.table("points_pending", "Points that a store has not yet.", "store",
               lambda: {store: journal.backlog(store).points for store in stores},
               counter=False)  # fmt: skip
    read.table("certificate_expiry_timestamp_seconds",
               "Unix time from which a certificate in the setting's file is no longer valid.",
               "file", expiries, counter=False)  # fmt: skip


def _free(folder: Path) -> int:
    """0 for a folder that is gone: a scrape must not fail with it."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
