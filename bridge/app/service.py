"""The bridge itself: runs its parts, and drains them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

import bridge
from bridge.app.build import Parts, Wiring
from bridge.monitoring.health import moment
from bridge.runtime.garbage import Garbage
from bridge.settings import Settings
from bridge.storage.folder_lock import FolderLock

log = structlog.get_logger("bridge")

DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Started:
    """What a caller of `run` may want to know once all is up."""

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
        parts = await Wiring(settings, stack, moment, tidy=garbage.tidy).make()
        garbage.settle()
        port = await parts.server.start()
        stack.push_async_callback(parts.server.close)
        log.info("bridge.started", version=bridge.__version__, port=port,
                 chargers=len(parts.registry.telemetries))  # fmt: skip
        if started:
            started(Started(port))
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(parts.mqtt.run(), name="mqtt"),
                group.create_task(parts.rounds.run(), name="rounds"),
                group.create_task(parts.committer.run(), name="committer"),
                *([group.create_task(parts.polls.run(), name="polls")] if parts.polls else []),
                *(
                    [group.create_task(parts.queries.run(moment), name="queries")]
                    if parts.queries
                    else []
                ),
                group.create_task(parts.labelling.run(parts.registry.telemetries), name="labels"),
                *(group.create_task(m.run(), name=f"store-{m.name}") for m in parts.deliveries),
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


def stop_with_input(stop: asyncio.Event) -> None:
    """The end of the standard input asks for a drain; nothing is ever said on it."""
    asyncio.get_running_loop().add_reader(0, stop.set)


async def _drain(parts: Parts) -> None:
    """Close the frames, commit everything, and give the stores ten seconds."""
    parts.registry.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await parts.committer.commit(last=True)
    await asyncio.gather(*(delivery.drain(DRAIN_SECONDS) for delivery in parts.deliveries))
    whole = parts.committer.empty
    if not whole:
        log.error("readings.lost", readings=parts.committer.give_up(), why="the disk took no more")
    await parts.state.close(clean=whole)
