"""The bridge itself: makes the parts, runs them, drains them."""

import asyncio
import secrets
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

import bridge
from bridge.core.errors import CannotStart
from bridge.core.fleet import Rules
from bridge.core.model import Message
from bridge.core.outbox import Outbox
from bridge.core.track import Habits
from bridge.health import Health, moment
from bridge.keeper import Keeper
from bridge.logs import Complaints
from bridge.measure import measure
from bridge.pipeline import Pipeline
from bridge.reporter import Reporter
from bridge.roster import Roster
from bridge.rounds import Rounds
from bridge.settings import Secrets, Settings, Store
from bridge.sinks.exposition import Exposition
from bridge.sinks.folder import FolderLock
from bridge.sinks.influx import Influx
from bridge.sinks.journal import Journal
from bridge.sinks.mover import Mover
from bridge.sinks.state import StateFile
from bridge.sources.mqtt import Hearing, Mqtt
from bridge.sources.mqtt_link import Broker
from bridge.stats import MAIN, Stats
from bridge.web.api import Api
from bridge.web.login import Hash, Login
from bridge.web.metrics import Metrics
from bridge.web.page import Page
from bridge.web.server import Server, tls_context

log = structlog.get_logger("bridge")

DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Started:
    """What a caller of `run` may want to know once all is up."""

    port: int
    ready: Callable[[], str | None]


async def run(
    settings: Settings,
    *,
    stop: asyncio.Event,
    started: Callable[[Started], None] | None = None,
) -> None:
    """Run the bridge until `stop` is set, then drain. Raises CannotStart, FolderBusy."""
    async with AsyncExitStack() as stack:
        stack.enter_context(FolderLock(settings.journal.dir))
        parts = await _make(settings, stack)
        port = await parts.server.start()
        stack.push_async_callback(parts.server.close)
        log.info("bridge.started", version=bridge.__version__, port=port,
                 chargers=len(parts.roster.tracks))  # fmt: skip
        if started:
            started(Started(port, parts.health.unready))
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(parts.mqtt.run(), name="mqtt"),
                group.create_task(parts.rounds.run(), name="rounds"),
                group.create_task(parts.keeper.run(), name="keeper"),
                *(group.create_task(m.run(), name=f"store-{m.name}") for m in parts.movers),
            ]
            await stop.wait()
            for task in tasks:
                task.cancel()
        await _drain(parts)
        log.info("bridge.stopped")


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for a drain."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)


@dataclass(slots=True)
class _Parts:
    roster: Roster
    mqtt: Mqtt
    rounds: Rounds
    keeper: Keeper
    movers: list[Mover]
    server: Server
    health: Health
    state: StateFile


async def _drain(parts: _Parts) -> None:
    """Close the frames, commit everything, and give the stores ten seconds."""
    parts.roster.close()
    await parts.keeper.commit()
    await asyncio.gather(*(mover.drain(DRAIN_SECONDS) for mover in parts.movers))
    await parts.state.close(clean=parts.keeper.empty)


async def _make(settings: Settings, stack: AsyncExitStack) -> _Parts:
    stores = _stores(settings)
    out, board, hearing = Outbox(), Exposition(), Hearing()
    stats = Stats(version=bridge.__version__, stores=tuple(stores))
    folder = settings.journal.dir
    journal = await Journal.open(
        folder, stores=tuple(stores), keep=settings.journal.keep,
        limit=settings.journal.max_bytes, lost=lambda store, owed: reporter.lost(store, owed),
    )  # fmt: skip
    stack.push_async_callback(journal.close)
    state = await StateFile.open(folder)
    stack.push_async_callback(state.close, clean=False)

    complaints = Complaints(log)
    mqtt = Mqtt(
        await _broker(settings, state),
        announce_topics=settings.mqtt.announce_topics,
        deliver=lambda batch: deliver(batch),
        hearing=hearing,
    )
    reporter = Reporter(stats=stats, complaints=complaints, follow=mqtt.follow)
    roster = Roster(
        rules=_rules(settings), habits=_habits(settings),
        announce_topics=settings.mqtt.announce_topics, tags=settings.influx.tags, board=board,
        out=out, listener=reporter, unrouted=stats.unrouted.inc,
    )  # fmt: skip
    pipeline = Pipeline(router=roster.router, accounts=stats.accounts, out=out, bug=reporter.bug)

    def deliver(batch: list[Message]) -> None:
        pipeline.take(batch, moment())

    roster.restore(state.loaded, trusted=state.clean, floor_ms=journal.last_ms, now=moment())
    mqtt.follow(roster.fleet.filters(), ())
    keeper = Keeper(
        out=out, accounts=stats.accounts, journal=journal, chronicle=state, roster=roster,
        stored_when_kept=MAIN not in stores,
    )  # fmt: skip
    if MAIN in stores:
        stats.accounts.recovered = journal.owed(MAIN).readings
    health = Health(hearing, settings.mqtt.keepalive.total_seconds())
    rounds = Rounds(
        pipeline=pipeline, roster=roster, journal=journal, state=state, stats=stats,
        complaints=complaints, health=health,
    )  # fmt: skip
    measure(
        stats, hearing=hearing, roster=roster, journal=journal, stores=tuple(stores), out=out,
        limit=settings.journal.max_bytes, folder=folder,
    )  # fmt: skip
    movers = [
        _mover(name, store, settings, journal, reporter, stack) for name, store in stores.items()
    ]
    tracks = roster.tracks
    server = Server(
        host=settings.web.listen.host, port=settings.web.listen.port,
        metrics=Metrics(board, stats.registry), api=Api(tracks=tracks, history=state, clock=moment),
        page=Page(tracks), health=health, login=_login(settings), tls=tls_context(
            settings.web.cert_file, settings.web.key_file),
    )  # fmt: skip
    return _Parts(roster, mqtt, rounds, keeper, movers, server, health, state)


def _stores(settings: Settings) -> dict[str, Store]:
    found: dict[str, Store] = {MAIN: settings.influx, **settings.influx.mirrors}
    return {name: store for name, store in found.items() if store.url}


def _mover(
    name: str, store: Store, settings: Settings, journal: Journal, reporter: Reporter,
    stack: AsyncExitStack,
) -> Mover:  # fmt: skip
    secrets_ = Secrets(settings)
    setting = "influx.token" if name == MAIN else f"influx.mirrors.{name}.token"
    influx = Influx(
        url=store.url or "", org=store.org or "", bucket=store.bucket or "",
        token=lambda: secrets_.current(setting) or "", timeout=store.timeout.total_seconds(),
        ca_file=store.ca_file,
    )  # fmt: skip
    stack.push_async_callback(influx.close)
    return Mover(
        name, journal, influx, batch=store.batch,
        flush_every=store.flush_every.total_seconds(), report=reporter,
    )  # fmt: skip


async def _broker(settings: Settings, state: StateFile) -> Broker:
    mqtt, secrets_ = settings.mqtt, Secrets(settings)
    return Broker(
        host=mqtt.url.host,
        port=mqtt.url.port,
        tls=mqtt.url.tls,
        client_id=mqtt.client_id or await _client_id(state),
        username=mqtt.username,
        password=lambda: secrets_.current("mqtt.password"),
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
        cert_file=str(mqtt.cert_file) if mqtt.cert_file else None,
        key_file=str(mqtt.key_file) if mqtt.key_file else None,
        keepalive=max(1, round(mqtt.keepalive.total_seconds())),
    )


async def _client_id(state: StateFile) -> str:
    """Made once and kept: a broker's access rules may rest on it."""
    known = state.meta.get("client_id")
    if known:
        return known
    made = f"nofos-bridge-{secrets.token_hex(4)}"
    await state.save(chargers={}, events=(), sessions=(), meta={"client_id": made})
    return made


def _rules(settings: Settings) -> Rules:
    fleet = settings.fleet
    return Rules(
        dialect=fleet.dialect, dialects=fleet.dialects, ignore=frozenset(fleet.ignore),
        stale_after=fleet.stale_after.total_seconds(),
        silent_after=fleet.silent_after.total_seconds(),
        retire_after=fleet.retire_after.total_seconds(), most=fleet.max_chargers,
        shard=settings.shard.index, shards=settings.shard.count,
    )  # fmt: skip


def _habits(settings: Settings) -> Habits:
    fleet = settings.fleet
    return Habits(
        frame_gap=fleet.frame_gap.total_seconds(),
        stale_after=fleet.stale_after.total_seconds(),
        temperature_scale=fleet.temperature_scale,
        readings_per_second=fleet.max_readings_per_second,
        state_set=settings.web.state_set,
    )


def _login(settings: Settings) -> Login | None:
    web = settings.web
    if web.username is None or web.password_hash is None:
        return None
    try:
        return Login(web.username, Hash.parse(web.password_hash.get_secret_value()))
    except ValueError as error:
        raise CannotStart(f"web.password_hash: {error}") from error
