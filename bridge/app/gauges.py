"""The bridge's own gauges: one row for each, read from the part that has its value."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from bridge.core.output.batch import Backlog
from bridge.core.output.outbox import Outbox
from bridge.ingest.registry import Registry
from bridge.logs import dropped_lines
from bridge.monitoring.stats import MAIN, AccountsCollector, GaugeRow, GaugeTable, Stats


class GaugeJournal(Protocol):
    """The journal, as the gauges see it."""

    @property
    def used_bytes(self) -> int: ...

    def backlog(self, store: str) -> Backlog:
        """The points that this store does not have yet."""


class GaugeConnection(Protocol):
    """The connection to the broker, as the gauges see it."""

    connected: bool
    connections: int
    last_packet_unix: float
    failures: dict[str, int]


class GaugePolling(Protocol):
    """The polling, as the gauges see it."""

    outcomes: dict[str, int]

    @property
    def stretch(self) -> float: ...


class GaugeQueries(Protocol):
    """The queries over MQTT, as the gauges see them."""

    outcomes: dict[str, int]


def register_gauges(
    stats: Stats,
    *,
    connection: GaugeConnection,
    ready: Callable[[], bool],
    polling: GaugePolling | None,
    queries: GaugeQueries | None,
    registry: Registry,
    journal: GaugeJournal,
    stores: tuple[str, ...],
    out: Outbox,
    limit: int,
    disk_free: Callable[[], int],
    shards: int,
    expiries: Callable[[], Mapping[str, float]],
    dropped: Mapping[str, int],
    web_refused: Callable[[], int],
) -> None:
    """Every gauge is read at the scrape; nothing is computed between scrapes."""

    def pending() -> int:
        behind = journal.backlog(MAIN).readings if MAIN in stores else 0
        return out.readings_open + out.readings_held + behind

    def oldest() -> float:
        stamps = [journal.backlog(store).oldest_ms for store in stores]
        return min((stamp for stamp in stamps if stamp), default=0) / 1000

    def polls_waiting() -> Mapping[str, int]:
        untrusted = shared = 0
        for telemetry in registry.telemetries.values():
            untrusted += telemetry.charger.untrusted
            shared += telemetry.charger.behind is not None
        return {"untrusted": untrusted, "shared_address": shared}

    rows = (
        GaugeRow("chargers", "Chargers by presence.", registry.presences, label="state"),
        GaugeRow("mqtt_failures", "Connections that failed or ended, by reason.",
                 lambda: connection.failures, label="reason", counter=True),
        GaugeRow("polls", "Polls of chargers by outcome.",
                 lambda: {} if polling is None else polling.outcomes,
                 label="outcome", counter=True),
        GaugeRow("polls_waiting", "Chargers that are not given the shared login yet, or are polled "
                 "behind another one at their address.", polls_waiting, label="reason"),
        GaugeRow("queries", "Queries to chargers over MQTT by outcome.",
                 lambda: {} if queries is None else queries.outcomes,
                 label="outcome", counter=True),
        GaugeRow("history_dropped",
                 "Events, sessions, and points of them, dropped while the disk failed too long.",
                 lambda: dropped, label="kind", counter=True),
        GaugeRow("points_pending", "Points that a store has not yet.",
                 lambda: {store: journal.backlog(store).points for store in stores},
                 label="store"),
        GaugeRow("certificate_expiry_timestamp_seconds",
                 "Unix time from which a certificate in the setting's file is no longer valid.",
                 expiries, label="file"),
        GaugeRow("mqtt_connected", "1 while the broker takes our session.",
                 lambda: int(connection.connected)),
        GaugeRow("mqtt_last_packet_timestamp_seconds", "Unix time of the broker's last packet.",
                 lambda: connection.last_packet_unix),
        GaugeRow("log_lines_dropped",
                 "Log lines not written: over their event's limit, or nobody read the log.",
                 dropped_lines, counter=True),
        GaugeRow("web_connections_refused", "Web connections closed at once: there were too many.",
                 web_refused, counter=True),
        GaugeRow("mqtt_reconnects", "Connections after the first one.",
                 lambda: max(0, connection.connections - 1), counter=True),
        GaugeRow("mqtt_ready", "1 while /readyz says that the bridge hears.",
                 lambda: int(ready())),
        GaugeRow("journal_bytes", "Size of the journal.", lambda: journal.used_bytes),
        GaugeRow("journal_limit_bytes", "Bound of the journal's size.", lambda: limit),
        GaugeRow("journal_oldest_pending_timestamp_seconds",
                 "Stamp of the oldest point that a store has not yet; 0 for none.", oldest),
        GaugeRow("disk_free_bytes", "Free space where the journal lies.", disk_free),
        GaugeRow("poll_stretch_ratio",
                 "By how much polls come later than asked for; 1 for in time.",
                 lambda: 1.0 if polling is None else polling.stretch),
        GaugeRow("shards", "Bridges that share the fleet; 1 for one that has it all.",
                 lambda: shards),
    )  # fmt: skip
    stats.registry.register(AccountsCollector(stats.accounts, pending))
    stats.registry.register(GaugeTable(rows))


def free_bytes(folder: Path) -> int:
    """Free space on the folder's disk; 0 for a missing folder. Blocks for the disk."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
