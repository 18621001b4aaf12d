"""Parts of the bridge put together without sockets or disks, for tests of the core."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.clock import Moment, Steady, Unix
from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.subscriptions import WantedFilters
from bridge.core.fields.families import Group
from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId, Message, Reason, SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.telemetry.config import TelemetryConfig
from bridge.ingest.boundary import Boundary
from bridge.ingest.discovery import Discovery
from bridge.ingest.effects import Effects
from bridge.ingest.pipeline import DocumentPipeline, Pipeline
from bridge.ingest.prefix_probe import PrefixProbe
from bridge.ingest.registry import Registry
from bridge.ingest.route_table import RouteTable
from bridge.ingest.router import Router
from bridge.ingest.routes import RapiObserver
from bridge.monitoring.stats import Accounts
from bridge.sinks.prometheus import Exposition

ALL_GROUPS = frozenset(Group)
EPOCH = 1_790_000_000.0
"""The wall clock's reading when a test begins."""


@dataclass
class Ears:
    """Remembers what discovery reported and wanted."""

    wanted: WantedFilters = field(default_factory=WantedFilters)
    labels: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    below_prefix: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def filters(self) -> set[str]:
        return set(self.wanted)

    def announced(self, label: str, charger: str, topic: str) -> None:
        self.labels.append(label)

    def poll_soon(self, charger: ChargerId, now: Moment) -> None:
        self.there.append(charger)

    def remove(self, charger: ChargerId) -> None:
        """Nothing: what is polled is no matter here."""

    def state_unreadable(self, charger: ChargerId) -> None:
        self.unreadable.append(charger)

    def heard_below_prefix(self, charger: ChargerId, base: str, heard: str) -> None:
        self.below_prefix.append((charger, base, heard))

    def retired(self, charger: ChargerId) -> None:
        self.gone.append(charger)


@dataclass
class Words:
    """A report that remembers what it was told of."""

    bugs: list[BaseException] = field(default_factory=list)
    told: list[tuple[str | None, str, str]] = field(default_factory=list)

    def bug(self, topic: bytes, error: BaseException) -> None:
        self.bugs.append(error)

    def discarded(self, charger: str | None, topic: bytes, payload: bytes, reason: Reason) -> None:
        self.told.append((charger, payload.decode(), reason.value))


class Bench:
    """A pipeline with a clock that the test turns."""

    def __init__(
        self,
        config: FleetConfig | None = None,
        telemetry_config: TelemetryConfig | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        labels: Mapping[str, Labels] | None = None,
        announce_topics: tuple[str, ...] = ("openevse/announce/+",),
        prefix: str | None = None,
    ) -> None:
        self.announce_topics = announce_topics
        self.labels = labels or {}
        self.wall = EPOCH
        self.steady = 1000.0
        self.hears = True
        self.listened = 0.0
        self.out = Outbox()
        self.accounts = Accounts()
        self.series_table = Exposition()
        self.ears = Ears()
        self.words = Words()
        self.unrouted = 0
        self.boundary = Boundary(
            accounts=self.accounts, out=self.out, backlog=lambda: 0, report=self.words
        )
        self.fleet = Fleet(config or FleetConfig())
        self.registry = Registry(
            config=telemetry_config or TelemetryConfig(), tags=tags or {},
            labels=lambda charger: self.labels.get(charger, UNLABELLED),
            series_table=self.series_table, out=self.out, boundary=self.boundary,
        )  # fmt: skip
        self.routes = RouteTable()
        effects = Effects(
            fleet=self.fleet, registry=self.registry, routes=self.routes,
            wanted=self.ears.wanted, out=self.out, series_table=self.series_table,
            polling=self.ears, announce_topics=("openevse/announce/+",), report=self.ears,
        )  # fmt: skip
        self.discovery = Discovery(
            fleet=self.fleet, registry=self.registry, effects=effects, report=self.ears,
            boundary=self.boundary, prefix=prefix,
        )  # fmt: skip
        self.prefix_probe = PrefixProbe(
            fleet=self.fleet, wanted=self.ears.wanted, report=self.ears, silent_after=75.0
        )
        self.documents = DocumentPipeline(accounts=self.accounts, boundary=self.boundary)
        self.pipeline = self.pipeline_with(None)

    def pipeline_with(self, rapi_observer: RapiObserver | None) -> Pipeline:
        """A pipeline whose messages to and from controllers are observed."""
        router = Router(
            fleet=self.fleet, registry=self.registry, table=self.routes,
            discovery=self.discovery, announce_topics=self.announce_topics,
            unrouted=self._nobody, rapi_observer=rapi_observer,
            observe_unrouted=self.prefix_probe.observe,
        )  # fmt: skip
        return Pipeline(
            router=router, accounts=self.accounts, out=self.out, report=self.words,
            boundary=self.boundary,
        )  # fmt: skip

    @property
    def now(self) -> Moment:
        return Moment(Unix(self.wall), Steady(self.steady))

    def _nobody(self) -> None:
        self.unrouted += 1

    def wait(self, seconds: float) -> None:
        """Let time pass, with the frames and the chargers looked at as in a run."""
        self._sweep()
        self.wall += seconds
        self.steady += seconds
        self.listened += seconds if self.hears else 0.0
        self.pipeline.close_quiet_frames(self.now)
        self._sweep()
        self.out.show_saved(list(self.out.counters.items()))

    def _sweep(self) -> None:
        self.registry.begin_round()
        self.discovery.sweep(self.now, 10_000, listened=self.listened)

    def hear(self, *messages: tuple[str, str], retained: bool = False, gap: float = 0.01) -> None:
        """Messages one after the other, `gap` seconds apart."""
        for topic, payload in messages:
            self.take((topic.encode(), payload.encode(), retained))
            self.wall += gap
            self.steady += gap

    def take(self, *batch: Message) -> None:
        """A batch that arrives at this moment."""
        self.pipeline.process(batch, self.now)

    def announce(
        self,
        charger: str = "abc123",
        base: str | None = "charger/one",
        *,
        topic: str = "openevse/announce/c123",
        name: str = "nofos-c123",
        state: str = "connected",
        http: str = "http://10.0.0.7/",
        retained: bool = False,
    ) -> None:
        """A charger announces itself, or its last will does."""
        members = {"state": state, "id": charger, "name": name}
        if base:
            members |= {"mqtt": base, "http": http}
        self.hear((topic, json.dumps(members)), retained=retained, gap=0)

    def lines(self) -> list[str]:
        """The lines of line protocol so far, stamps left out."""
        return [line.decode().rsplit(" ", 1)[0] for line in self.out.lines]

    def points(self) -> list[str]:
        """The field sets of the `evse` points so far."""
        return [line.split(" ", 1)[1] for line in self.lines() if line.startswith("evse,")]

    def events(self) -> list[tuple[str, int, str]]:
        """Kind, code and text of the events so far."""
        return [(str(e.kind), e.code, e.text) for e in self.out.events]

    def metrics(self) -> dict[str, float]:
        """The exposed series by name and labels."""
        return {name: float(value) for name, value in (row.rsplit(" ", 1) for row in self.rows())}

    def rows(self) -> list[str]:
        """The exposed lines, comments left out."""
        text = b"".join(self.series_table.blocks(ALL_GROUPS, openmetrics=False)).decode()
        return [row for row in text.splitlines() if not row.startswith("#")]

    def unaccounted(self) -> int:
        """Readings received without an outcome; negative where some have two."""
        out, accounts = self.out, self.accounts
        known = accounts.stored + out.readings_open + out.readings_held
        return accounts.received - known - sum(accounts.discarded.values())

    def discarded(self) -> dict[str, int]:
        """Readings discarded so far, by reason, without the zeros."""
        return {r.value: n for r, n in self.accounts.discarded.items() if n}

    def restore(
        self, states: Mapping[str, SavedState], *, trusted: bool = True, floor_ms: int = 0
    ) -> None:
        """Begin with what the state file has; `floor_ms` is the journal's last stamp."""
        self.registry.stamp_after(floor_ms)
        self.discovery.restore(states, trusted=trusted, now=self.now)

    def saved(self) -> dict[str, SavedState]:
        """What the state file would keep."""
        retired = [charger.id for charger in self.fleet.members.retired]
        bodies = self.registry.saved_states([*self.registry.telemetries, *retired])
        return {id_: body for id_, body in bodies.items() if body is not None}


def restarted(
    old: Bench,
    *,
    trusted: bool = True,
    after: float = 10.0,
    rules: FleetConfig | None = None,
    labels: Mapping[str, Labels] | None = None,
) -> Bench:
    """A new run that remembers what the old one saved."""
    bench = Bench(rules, labels=labels)
    bench.wall = old.wall + after
    bench.steady = 5000.0
    bench.restore(old.saved(), trusted=trusted, floor_ms=old.out.last_ms)
    return bench
