"""The accounting of readings, and the bridge's own metrics.

received + recovered = stored + pending + discarded, at every moment. Each side is counted
independently: pending is the sum of what is in frames, the outbox and the journal.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from bridge.core.model import Reason
from bridge.core.polling.outcome import Page

MAIN = "main"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_LAG = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)


@dataclass(slots=True)
class Accounts:
    """What became of every reading; changed on the event loop only, so always consistent."""

    received: int = 0
    recovered: int = 0
    stored: int = 0
    discarded: dict[Reason, int] = field(default_factory=lambda: dict.fromkeys(Reason, 0))

    def discard(self, reason: Reason, readings: int = 1) -> None:
        self.discarded[reason] += readings


class AccountsCollector(Collector):
    """The accounting identity as metrics, all members from the same moment."""

    def __init__(self, accounts: Accounts, pending: Callable[[], int]) -> None:
        self._accounts = accounts
        self._pending = pending

    def collect(self) -> Iterator[Metric]:
        """The five members of received + recovered = stored + pending + discarded."""
        accounts = self._accounts
        yield CounterMetricFamily(
            "evse_bridge_readings_received", "Readings received.", value=accounts.received
        )
        yield GaugeMetricFamily(
            "evse_bridge_readings_recovered",
            "Readings that the journal owed at start.",
            value=accounts.recovered,
        )
        yield CounterMetricFamily(
            "evse_bridge_readings_stored",
            "Readings that the main store has, or without one the journal.",
            value=accounts.stored,
        )
        yield GaugeMetricFamily(
            "evse_bridge_readings_pending", "Readings on their way.", value=self._pending()
        )
        discarded = CounterMetricFamily(
            "evse_bridge_readings_discarded", "Readings that became no sample.", labels=["reason"]
        )
        for reason, count in accounts.discarded.items():
            discarded.add_metric([reason.value], count)
        yield discarded


@dataclass(frozen=True, slots=True)
class GaugeRow:
    """A value that another part has, read at a scrape; with `label`, one for each of its values."""

    name: str
    help: str
    value: Callable[[], float | Mapping[str, float]]
    label: str = ""
    counter: bool = False


class GaugeTable(Collector):
    """The metrics of all rows."""

    def __init__(self, rows: Iterable[GaugeRow]) -> None:
        self._rows = tuple(rows)

    def collect(self) -> Iterator[Metric]:
        """All metrics, as of now."""
        for row in self._rows:
            kind = CounterMetricFamily if row.counter else GaugeMetricFamily
            family = kind(
                f"evse_bridge_{row.name}", row.help, labels=[row.label][: bool(row.label)]
            )
            value = row.value()
            for member, number in value.items() if isinstance(value, Mapping) else [("", value)]:
                family.add_metric([member][: bool(row.label)], number)
            yield family


class Stats:
    """The bridge's own metrics, and the counters of each store."""

    def __init__(self, *, version: str, stores: tuple[str, ...]) -> None:
        # A start time per counter would double the series of the bridge's own metrics.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self.accounts = Accounts()
        self.registry = CollectorRegistry(auto_describe=False)
        registry = self.registry
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"evse_bridge_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"evse_bridge_{name}", text, labels, registry=registry)

        Info("evse_bridge_build", "The bridge's version.", registry=registry).info(
            {"version": version}
        )
        self.announces = counter("announces", "Announcements by outcome.", "outcome")
        self.store_up = gauge(
            "store_up", "1 if the store accepts lines; a refused one changes nothing.", "store"
        )
        self.store_last_success = gauge(
            "store_last_success_timestamp_seconds", "Unix time of the last success.", "store"
        )
        self.store_requests = counter("store_requests", "Requests.", "store", "outcome")
        self.store_seconds = Histogram(
            "evse_bridge_store_request_duration_seconds",
            "Time that a store took for a request.",
            ("store",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.task_failures = counter(
            "task_failures", "Unforeseen errors in a task, which goes on.", "task"
        )
        self.disk_troubles = counter(
            "disk_troubles",
            "Reads and writes of the data folder that failed, to be repeated.",
            "task",
        )
        self.points_stored = counter("points_stored", "Points that a store took.", "store")
        self.points_refused = counter("points_refused", "Points that a store refused.", "store")
        self.columns_refused = counter(
            "columns_refused",
            "Columns that a store has as another type; the rest of the point is stored.",
            "store",
        )
        self.points_expired = counter(
            "points_expired", "Points the journal let go before a store had them.", "store"
        )
        self.addresses_refused = counter(
            "addresses_refused", "Chargers' addresses that are not polled.", "reason"
        )
        self.documents_unread = counter(
            "documents_unread", "Chargers' documents that could not be read.", "page"
        )
        for page in Page:
            self.documents_unread.labels(page)
        self.unrouted = counter("messages_unrouted", "Messages below no charger's base.")
        self.loop_lag = Histogram(
            "evse_bridge_loop_lag_seconds",
            "Each 50 ms: the event loop's longest turn, or how late it came to a timer.",
            buckets=_LAG,
            registry=registry,
        )
        for store in stores:
            for each in (
                self.points_stored, self.points_refused, self.points_expired, self.columns_refused
            ):  # fmt: skip
                each.labels(store)
            self.store_up.labels(store).set(0)

    def request(self, store: str, outcome: str, seconds: float) -> None:
        """A request to a store ended."""
        self.store_requests.labels(store, outcome).inc()
        self.store_seconds.labels(store).observe(seconds)
        # A refusal is about lines: whether the store accepts others shows when they are sent.
        if outcome not in ("refused", "too_large"):
            self.store_up.labels(store).set(int(outcome == "stored"))

    def stored(self, store: str, points: int, readings: int, unix: float) -> None:
        """A store has these; `unix` is the time in seconds."""
        self.points_stored.labels(store).inc(points)
        self.store_last_success.labels(store).set(unix)
        self.store_up.labels(store).set(1)
        if store == MAIN:
            self.accounts.stored += readings

    def refused(self, store: str, points: int, readings: int, columns: int) -> None:
        """A store refused these for good; `columns` are single columns of stored points."""
        self.points_refused.labels(store).inc(points)
        self.columns_refused.labels(store).inc(columns)
        if store == MAIN:
            self.accounts.discard(Reason.REFUSED, readings)
