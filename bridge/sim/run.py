"""Runs a simulation: a fleet of chargers, or the replay of a recording."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Coroutine, Mapping

from bridge.sim.charger import SimCharger
from bridge.sim.clock import Clock
from bridge.sim.connector import Connector, OnChange, ignore
from bridge.sim.endpoint import parse_broker
from bridge.sim.fleet import SimEnvironment, build_fleet
from bridge.sim.httpd import serve
from bridge.sim.ledger import Ledger
from bridge.sim.options import SimError, SimOptions
from bridge.sim.replay import Replay
from bridge.sim.scenarios import TABLE, scenario_named

__all__ = ["SCENARIOS", "SimError", "SimOptions", "simulate"]

SCENARIOS: Mapping[str, str] = {name: scenario.about for name, scenario in TABLE.items()}
_FLUSH_SECONDS = 0.5
_SPARE_FILES = 200


async def simulate(
    options: SimOptions,
    *,
    started: asyncio.Event | None = None,
    on_broker_change: OnChange = ignore,
) -> None:
    """Run until cancelled, or for `duration`, or to the end of the recording.

    `started` is set once all web servers listen and every charger has tried its broker. Chargers
    disconnect cleanly at the end. `on_broker_change` is called with a sentence when no charger can
    connect, and when one can again.
    Raises SimError for invalid options.
    """
    options.check()
    started = started or asyncio.Event()
    around = SimEnvironment(
        options=options,
        scenario=scenario_named(options.scenario),
        endpoint=parse_broker(options.broker, options.ca_file),
        connector=Connector(on_broker_change),
        clock=Clock(options.speed),
        ledger=Ledger(options.ledger),
    )
    limit = asyncio.timeout(options.duration)
    try:
        with around.ledger, around.connector:
            async with (
                limit,
                _in_background(_flush_regularly(around.ledger)),
                _in_background(around.connector.tick()),
            ):
                await _run(around, started)
    except TimeoutError:
        if not limit.expired():
            raise


async def _run(around: SimEnvironment, started: asyncio.Event) -> None:
    if (recording := around.options.recording) is not None:
        replay = Replay(
            recording=recording,
            endpoint=around.endpoint,
            connector=around.connector,
            ledger=around.ledger,
        )
        await replay.run(around.clock, started)
        return
    await _run_fleet(around, started)


async def _run_fleet(around: SimEnvironment, started: asyncio.Event) -> None:
    """The chargers stop first, then their web servers."""
    fleet = []
    for one in build_fleet(around):
        fleet.append(one)
        # A thousand lives take a while to make; others share this loop.
        await asyncio.sleep(0)
    port = around.options.http_port
    _raise_file_limit(len(fleet) * (1 if port is None else 3))
    sites = contextlib.nullcontext() if port is None else serve([s for _, s in fleet], port)
    async with sites, asyncio.TaskGroup() as tasks:
        for charger, _ in fleet:
            tasks.create_task(charger.run(), name=f"charger {charger.identity.id}")
        tasks.create_task(_announce_start([c for c, _ in fleet], started), name="start")


async def _announce_start(fleet: list[SimCharger], started: asyncio.Event) -> None:
    for charger in fleet:
        await charger.wait_first_attempt()
    started.set()


async def _flush_regularly(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        ledger.flush()


@contextlib.asynccontextmanager
async def _in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a coroutine during the block; its exception is raised at the end."""
    # No TaskGroup: it would wrap the block's own SimError.
    task = asyncio.create_task(work, name="beside the chargers")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()


def _raise_file_limit(wanted: int) -> None:
    """A socket for each charger and its web server; the shell's soft limit is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < enough:
        most = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
