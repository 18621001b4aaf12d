"""Makes the parts of a bridge and connects them; nothing runs yet."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

import bridge
from bridge.app import from_settings
from bridge.app.build_mqtt import make_mqtt, make_queries
from bridge.app.build_polling import Polls, make_polls
from bridge.app.gauges import register_gauges
from bridge.app.maintenance import Maintenance
from bridge.app.relabelling import Relabelling
from bridge.core.clock import Moment
from bridge.core.output.outbox import Outbox
from bridge.ingest.pipeline import Pipeline
from bridge.ingest.polling import Polling
from bridge.ingest.queries import Queries
from bridge.ingest.registry import Registry
from bridge.logs import RepeatedLog
from bridge.monitoring.certificates import CertificateExpiries
from bridge.monitoring.health import Health
from bridge.monitoring.reporter import Reporter
from bridge.monitoring.stats import MAIN, Stats
from bridge.settings import Secrets, Settings
from bridge.sinks.influx.client import InfluxClient
from bridge.sinks.influx.delivery import Delivery
from bridge.sinks.prometheus import Exposition
from bridge.sources.mqtt.client import ConnectionState, MqttClient
from bridge.storage.committer import Committer
from bridge.storage.journal import Journal
from bridge.storage.state_file import StateFile
from bridge.web.api import Api
from bridge.web.metrics import Metrics
from bridge.web.page import Page
from bridge.web.server import Server, tls_context

log = structlog.get_logger("bridge")


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs, and what must be drained."""

    registry: Registry
    mqtt: MqttClient
    rounds: Maintenance
    labelling: Relabelling
    committer: Committer
    deliveries: list[Delivery]
    polls: Polls | None
    queries: Queries | None
    server: Server
    state: StateFile


class Wiring:
    """The parts of one bridge; what must be closed is on the stack."""

    def __init__(
        self,
        settings: Settings,
        stack: AsyncExitStack,
        clock: Callable[[], Moment],
        *,
        tidy: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._clock = clock
        self._tidy = tidy
        self._stores = from_settings.stores(settings)
        self._login = from_settings.login(settings)
        self._stats = Stats(version=bridge.__version__, stores=tuple(self._stores))
        self._complaints = RepeatedLog(log)
        self._labelling = Relabelling(settings.fleet.labels_file)
        self._out = Outbox()
        self._series_table = Exposition()
        self._hearing = ConnectionState()
        self._health = Health(self._hearing, settings.mqtt.keepalive.total_seconds())

    async def make(self) -> Parts:
        """Open the files and connect the parts. Raises CannotStart, DiskTrouble."""
        settings, stats = self._settings, self._stats
        # The circle of the flow: the fleet decides what is heard, what is heard is the fleet's.
        reporter = Reporter(
            stats=stats, complaints=self._complaints, follow=lambda new, old: mqtt.follow(new, old)
        )
        journal, state = await self._open_journal(reporter), await self._open_state()
        await self._labelling.load()
        registry = self._make_roster(reporter, journal, state)
        pipeline = Pipeline(
            router=registry.router, accounts=stats.accounts, out=self._out, report=reporter
        )
        mqtt = await make_mqtt(
            settings, state, registry=registry, pipeline=pipeline, hearing=self._hearing,
            clock=self._clock,
        )  # fmt: skip
        committer = Committer(
            out=self._out, accounts=stats.accounts, journal=journal, chronicle=state,
            registry=registry, pending=await journal.lacking(state.pending),
            stored_when_kept=MAIN not in self._stores, complaints=self._complaints,
        )  # fmt: skip
        polls = make_polls(
            settings, registry=registry, reporter=reporter, pipeline=pipeline, clock=self._clock
        )
        polling = polls.polling if polls else None
        queries = make_queries(
            settings, mqtt, registry=registry, reporter=reporter, pipeline=pipeline, polling=polling
        )
        rounds = Maintenance(
            pipeline=pipeline, registry=registry, journal=journal, state=state, stats=stats,
            complaints=self._complaints, health=self._health, tidy=self._tidy, polling=polling,
        )  # fmt: skip
        self._measure(registry, journal, polling, queries)
        deliveries = [self._make_mover(name, journal, reporter) for name in self._stores]
        server = self._make_server(registry, state)
        return Parts(
            registry,
            mqtt,
            rounds,
            self._labelling,
            committer,
            deliveries,
            polls,
            queries,
            server,
            state,
        )

    async def _open_journal(self, reporter: Reporter) -> Journal:
        kept = self._settings.journal
        journal = await Journal.open(
            kept.dir, stores=tuple(self._stores), keep=kept.keep, limit=kept.max_bytes,
            lost=reporter.lost,
        )  # fmt: skip
        self._stack.push_async_callback(journal.close)
        if MAIN in self._stores:
            self._stats.accounts.recovered = journal.backlog(MAIN).readings
        return journal

    async def _open_state(self) -> StateFile:
        state = await StateFile.open(self._settings.journal.dir)
        self._stack.push_async_callback(state.close, clean=False)
        return state

    def _make_roster(self, reporter: Reporter, journal: Journal, state: StateFile) -> Registry:
        settings = self._settings
        registry = Registry(
            rules=from_settings.fleet_config(settings),
            telemetry_config=from_settings.telemetry_config(settings),
            announce_topics=settings.mqtt.announce_topics, tags=settings.influx.tags,
            labels=self._labelling.of, series_table=self._series_table, out=self._out,
            listener=reporter,
            unrouted=self._stats.unrouted.inc,
        )  # fmt: skip
        registry.restore(
            state.loaded,
            trusted=state.clean,
            floor_ms=self._floor(journal, state),
            now=self._clock(),
        )
        return registry

    def _floor(self, journal: Journal, state: StateFile) -> int:
        """Where stamps begin. After a clean end each charger knows its own last one; after a
        crash the journal may know a later one, but one from a clock that was far ahead must
        not set the time of all."""
        soon = int((self._clock().wall + 3600) * 1000)
        return 0 if state.clean else min(journal.last_ms, soon)

    def _make_mover(self, name: str, journal: Journal, reporter: Reporter) -> Delivery:
        store, kept = self._stores[name], Secrets(self._settings)
        token = "influx.token" if name == MAIN else f"influx.mirrors.{name}.token"
        influx = InfluxClient(
            url=store.url or "", org=store.org or "", bucket=store.bucket or "",
            token=lambda: kept.current(token) or "", timeout=store.timeout.total_seconds(),
            ca_file=store.ca_file,
        )  # fmt: skip
        self._stack.push_async_callback(influx.close)
        return Delivery(
            name, journal, influx, batch=store.batch,
            flush_every=store.flush_every.total_seconds(), report=reporter,
        )  # fmt: skip

    def _make_server(self, registry: Registry, state: StateFile) -> Server:
        web = self._settings.web
        return Server(
            host=web.listen.host, port=web.listen.port, health=self._health, login=self._login,
            metrics=Metrics(self._series_table, self._stats.registry),
            page=Page(registry.telemetries),
            api=Api(telemetries=registry.telemetries, history=state, clock=self._clock),
            tls=tls_context(web.cert_file, web.key_file),
        )  # fmt: skip

    def _measure(
        self, registry: Registry, journal: Journal, polls: Polling | None, queries: Queries | None
    ) -> None:
        register_gauges(
            self._stats, hearing=self._hearing, registry=registry, journal=journal, out=self._out,
            ready=lambda: self._health.unready() is None, polls=polls, queries=queries,
            stores=tuple(self._stores), limit=self._settings.journal.max_bytes,
            folder=self._settings.journal.dir, shards=self._settings.shard.count,
            expiries=CertificateExpiries(from_settings.certificates(self._settings)).seconds,
        )  # fmt: skip
