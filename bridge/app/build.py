"""Builds the parts of one bridge from its settings, each from those before it; nothing runs yet."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

import bridge
from bridge.app import from_settings
from bridge.app.build_clock import build_clock, build_watch
from bridge.app.build_mqtt import build_mqtt, build_queries
from bridge.app.build_polling import PollingTasks, build_polling
from bridge.app.build_stores import build_clients, build_deliveries, open_journal
from bridge.app.disk_values import DiskValues
from bridge.app.gauges import free_bytes, register_gauges
from bridge.app.maintenance import Maintenance
from bridge.app.relabelling import Relabelling
from bridge.core.clock import STEP_SECONDS, Moment
from bridge.core.discovery.fleet import Fleet
from bridge.core.output.outbox import Outbox
from bridge.ingest.boundary import Boundary
from bridge.ingest.discovery import Discovery
from bridge.ingest.effects import Effects
from bridge.ingest.pipeline import DocumentPipeline, Pipeline
from bridge.ingest.prefix_probe import PrefixProbe
from bridge.ingest.queries import Queries
from bridge.ingest.registry import Registry
from bridge.ingest.route_table import RouteTable
from bridge.ingest.router import Router
from bridge.logs import RepeatedLog
from bridge.monitoring.certificates import CertificateExpiries
from bridge.monitoring.health import Health
from bridge.monitoring.reporter import Reporter
from bridge.monitoring.stats import MAIN, Stats
from bridge.runtime.clock import PlausibleClock, steady
from bridge.runtime.task_boundary import TaskBoundary
from bridge.settings import Settings
from bridge.sinks.influx.delivery import Delivery
from bridge.sinks.prometheus import Exposition
from bridge.sources.mqtt.client import ConnectionState, MqttClient
from bridge.storage.committer import Committer
from bridge.storage.journal import Journal
from bridge.storage.state_file import StateFile
from bridge.web.api import Api
from bridge.web.certificate import RenewedCertificate, tls_context
from bridge.web.metrics import Metrics
from bridge.web.page import FleetPage
from bridge.web.server import Server

log = structlog.get_logger("bridge")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that run, and that must be drained."""

    registry: Registry
    boundary: Boundary
    pipeline: Pipeline
    mqtt: MqttClient
    maintenance: Maintenance
    relabelling: Relabelling
    committer: Committer
    deliveries: list[Delivery]
    polling: PollingTasks | None
    queries: Queries | None
    server: Server
    state: StateFile
    disk_values: DiskValues
    clock: PlausibleClock
    task_boundary: TaskBoundary


async def build(
    settings: Settings,
    stack: AsyncExitStack,
    system_clock: Callable[[], Moment],
    *,
    collect_garbage: Callable[[], None],
) -> Parts:
    """Open the files and build the parts; those that must be closed are on the stack.

    Raises CannotStart, FixSettings or DiskTrouble.
    """
    stores = from_settings.stores(settings)
    stats = Stats(version=bridge.__version__, stores=tuple(stores))
    repeated_log = RepeatedLog(log)
    reporter = Reporter(stats=stats, repeated_log=repeated_log)
    journal = await open_journal(settings, stack, stores, stats=stats, reporter=reporter)
    state = await StateFile.open(settings.journal.dir)
    # A start that fails has shown no counter: the next one may trust what this one could.
    stack.push_async_callback(state.close, clean=state.clean)
    clock = build_clock(system_clock, journal, state)
    relabelling = Relabelling(settings.fleet.labels_file)
    await relabelling.load()

    out, series_table = Outbox(), Exposition()
    boundary = Boundary(
        accounts=stats.accounts, out=out, report=reporter,
        backlog=lambda: journal.backlog(MAIN).readings,
    )  # fmt: skip
    documents = DocumentPipeline(accounts=stats.accounts, boundary=boundary)
    fleet, wanted, routes = (
        Fleet(from_settings.fleet_config(settings)), from_settings.wanted_filters(settings),
        RouteTable(),
    )  # fmt: skip
    registry = Registry(
        config=from_settings.telemetry_config(settings), tags=settings.influx.tags,
        labels=relabelling.of, series_table=series_table, out=out, boundary=boundary,
    )  # fmt: skip
    polling = build_polling(
        settings, registry=registry, reporter=reporter, documents=documents, boundary=boundary,
        clock=clock, labelled=relabelling.names,
    )  # fmt: skip
    effects = Effects(
        fleet=fleet, registry=registry, routes=routes, wanted=wanted, out=out,
        series_table=series_table, polling=polling.polling if polling else None,
        announce_topics=settings.mqtt.announce_topics, report=reporter,
    )  # fmt: skip
    discovery = Discovery(
        fleet=fleet, registry=registry, effects=effects, report=reporter,
        boundary=boundary, prefix=settings.mqtt.prefix,
    )  # fmt: skip
    prefix_probe = PrefixProbe(
        fleet=fleet, wanted=wanted, report=reporter,
        silent_after=settings.fleet.silent_after.total_seconds(),
    )  # fmt: skip
    registry.stamp_after(_floor_ms(journal, state, clock()))
    if not state.clean:
        registry.continue_from(await journal.newest_totals())
    discovery.restore(state.loaded, trusted=state.clean, now=clock())

    connection = ConnectionState()
    mqtt = await build_mqtt(settings, state, fleet=fleet, wanted=wanted, connection=connection)
    queries = build_queries(
        settings, mqtt, registry=registry, reporter=reporter, documents=documents,
        boundary=boundary, polling=polling.polling if polling else None,
    )  # fmt: skip
    router = Router(
        fleet=fleet, registry=registry, table=routes, discovery=discovery,
        announce_topics=settings.mqtt.announce_topics, unrouted=stats.unrouted.inc,
        rapi_observer=queries.observe_rapi if queries else None,
        observe_unrouted=prefix_probe.observe,
    )  # fmt: skip
    pipeline = Pipeline(
        router=router, accounts=stats.accounts, out=out, report=reporter, boundary=boundary
    )
    committer = Committer(
        out=out, accounts=stats.accounts, journal=journal, state_file=state, registry=registry,
        pending=await journal.missing(state.pending), stored_when_committed=MAIN not in stores,
        repeated_log=reporter.disk_log, steady=steady,
    )  # fmt: skip
    task_boundary = TaskBoundary(reporter.task_failed)
    health = Health(
        connection, settings.mqtt.keepalive.total_seconds(), failing=task_boundary.failing
    )
    disk_values = DiskValues(repeated_log)
    clients = build_clients(settings, stack, stores, disk_values=disk_values)
    deliveries = build_deliveries(clients, stores, journal=journal, reporter=reporter)
    watch = build_watch(
        clock, journal=journal, state=state, telemetries=registry.telemetries,
        store=clients[MAIN].clock_offset if MAIN in clients else None,
        repeated_log=repeated_log, stats=stats,
    )  # fmt: skip
    maintenance = Maintenance(
        pipeline=pipeline, registry=registry, discovery=discovery, journal=journal, state=state,
        stats=stats, repeated_log=repeated_log, disk_log=reporter.disk_log,
        health=health, collect_garbage=collect_garbage,
        connection=connection, clock=clock, clock_watch=watch,
        polling=polling.polling if polling else None, prefix_probe=prefix_probe,
    )  # fmt: skip
    disk_free = disk_values.add("disk_free", lambda: free_bytes(settings.journal.dir), 0)
    expiries = disk_values.add(
        "certificates", CertificateExpiries(from_settings.certificates(settings)).seconds,
        dict[str, float](),
    )  # fmt: skip
    secrets = from_settings.secrets(settings)
    web_password = disk_values.add(
        "web.password_hash", lambda: secrets.current("web.password_hash") or "", ""
    )
    await disk_values.refresh()
    web = settings.web
    tls = tls_context(web.cert_file, web.key_file)
    if tls is not None and web.cert_file is not None:
        watch_certificate(RenewedCertificate(tls, web.cert_file, web.key_file), disk_values)
    server = Server(
        host=web.listen.host, port=web.listen.port, health=health,
        login=from_settings.login(settings, web_password.read), hosts=web.hosts,
        metrics=Metrics(series_table, stats.registry, refresh=disk_values.refresh),
        page=FleetPage(registry.telemetries), tls=tls,
        api=Api(telemetries=registry.telemetries, history=state.history, clock=clock),
    )  # fmt: skip
    register_gauges(
        stats, connection=connection, registry=registry, journal=journal, out=out,
        ready=lambda: health.unready() is None, polling=polling.polling if polling else None,
        queries=queries, stores=tuple(stores), limit=settings.journal.max_bytes,
        disk_free=disk_free.read, shards=settings.shard.count, expiries=expiries.read,
        dropped=committer.dropped, web_refused=lambda: server.refused,
    )  # fmt: skip
    return Parts(
        registry, boundary, pipeline, mqtt, maintenance, relabelling, committer, deliveries,
        polling, queries, server, state, disk_values, clock, task_boundary,
    )  # fmt: skip


def watch_certificate(renewed: RenewedCertificate, disk_values: DiskValues) -> None:
    """Use a renewed certificate of the page within seconds."""

    def refresh() -> None:
        why = renewed.refresh()
        if why:
            log.error("certificate.refused", setting="web.cert_file", why=why)
        elif why is not None:
            log.info("certificate.read", setting="web.cert_file")

    disk_values.add("web.cert_file", refresh, None)


def _floor_ms(journal: Journal, state: StateFile, now: Moment) -> int:
    """The time after which new timestamps begin. After a clean end each charger's last one is
    in the state file; after a crash the journal may have a later one. One that lies in the
    future is from a wrong clock, and not believed."""
    soon = int((now.unix + STEP_SECONDS) * 1000)
    return 0 if state.clean or journal.last_ms > soon else journal.last_ms
