"""Runs a bridge until it is stopped, and drains it."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

import bridge
from bridge.app.build import Parts, build
from bridge.core.model import Message
from bridge.runtime import clock
from bridge.runtime.garbage import Garbage
from bridge.settings import Settings
from bridge.storage.folder_lock import FolderLock

log = structlog.get_logger("bridge")

DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Started:
    """What a caller of `run` gets once the bridge is up."""

    port: int


async def run(
    settings: Settings,
    *,
    stop: asyncio.Event,
    started: Callable[[Started], None] | None = None,
) -> None:
    """Run the bridge until `stop` is set, then drain.

    Raises CannotStart, FixSettings, FolderBusy.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(FolderLock(settings.journal.dir))
        garbage = stack.enter_context(Garbage())
        parts = await build(settings, stack, clock.now, collect_garbage=garbage.collect)
        garbage.freeze()
        port = await parts.server.start()
        stack.push_async_callback(parts.server.close)
        # From here on counters are shown: only a drained end is a clean one.
        stack.push_async_callback(parts.state.close, clean=False)
        log.info("bridge.started", version=bridge.__version__, port=port,
                 chargers=len(parts.registry.telemetries))  # fmt: skip
        if started:
            started(Started(port))
        await _run_until(stop, parts)
        await _drain(parts)
        log.info("bridge.stopped")


def tasks_of(parts: Parts) -> dict[str, Callable[[], Awaitable[None]]]:
    """All tasks of a bridge by name; each runs until it is cancelled."""

    def deliver(batch: list[Message]) -> None:
        now = parts.clock()
        parts.maintenance.observe_clock(now)
        parts.pipeline.process(batch, now)

    tasks: dict[str, Callable[[], Awaitable[None]]] = {
        "mqtt": lambda: parts.mqtt.run(deliver),
        **parts.maintenance.tasks(),
        "committer": parts.committer.run,
        "disk": parts.disk_values.run,
        "labels": lambda: parts.relabelling.run(parts.registry.telemetries, parts.boundary),
        **{f"store-{each.name}": each.run for each in parts.deliveries},
    }
    if parts.polling:
        tasks |= parts.polling.tasks()
    if queries := parts.queries:
        tasks["queries"] = lambda: queries.run(parts.clock)
    return tasks


async def _run_until(stop: asyncio.Event, parts: Parts) -> None:
    """Run all tasks until `stop` is set, then cancel them."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(parts.task_boundary.run(name, work), name=name)
            for name, work in tasks_of(parts).items()
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Drain on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)


def stop_with_input(stop: asyncio.Event) -> None:
    """Drain at the end of standard input, to which nothing is ever written."""
    asyncio.get_running_loop().add_reader(0, stop.set)


async def _drain(parts: Parts) -> None:
    """Close the frames, commit everything, and deliver for up to ten seconds."""
    parts.registry.close()
    parts.pipeline.count_discarded()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await parts.committer.commit(last=True)
    await asyncio.gather(*(delivery.drain(DRAIN_SECONDS) for delivery in parts.deliveries))
    committed = parts.committer.empty
    if not committed:
        lost = parts.committer.discard_uncommitted()
        log.error("readings.lost", readings=lost, why="the disk accepted no more")
    await parts.state.close(clean=committed)
