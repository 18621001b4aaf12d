"""Runs a simulation: a fleet of chargers, or a recording played again."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Coroutine, Mapping

from bridge.sim.charger import Charger
from bridge.sim.clock import Clock
from bridge.sim.endpoint import parse_broker
from bridge.sim.fleet import Surroundings, assembled
from bridge.sim.httpd import serving
from bridge.sim.ledger import Ledger
from bridge.sim.options import SimError, SimOptions
from bridge.sim.replay import Replay
from bridge.sim.scenarios import TABLE, scenario_named
from bridge.sim.switchboard import Switchboard, Tell, ignored

__all__ = ["SCENARIOS", "SimError", "SimOptions", "simulate"]

SCENARIOS: Mapping[str, str] = {name: scenario.about for name, scenario in TABLE.items()}
_FLUSH_SECONDS = 0.5
_SPARE_FILES = 200


async def simulate(
    options: SimOptions,
    *,
    started: asyncio.Event | None = None,
    tell: Tell = ignored,
) -> None:
    """Run until cancelled, or for `duration`, or to the end of the recording.

    `started` is set once all web servers listen and every charger has tried its broker. Chargers
    disconnect cleanly at the end. `tell` hears of a broker that takes none, and of its return.
    Raises SimError for options that cannot be followed.
    """
    options.check()
    started = started or asyncio.Event()
    around = Surroundings(
        options=options,
        scenario=scenario_named(options.scenario),
        endpoint=parse_broker(options.broker, options.ca_file),
        board=Switchboard(tell),
        clock=Clock(options.speed),
        ledger=Ledger(options.ledger),
    )
    limit = asyncio.timeout(options.duration)
    try:
        with around.ledger, around.board:
            async with limit, _beside(_flushing(around.ledger)), _beside(around.board.tick()):
                await _play(around, started)
    except TimeoutError:
        if not limit.expired():
            raise


async def _play(around: Surroundings, started: asyncio.Event) -> None:
    if (recording := around.options.recording) is not None:
        replay = Replay(
            recording=recording,
            endpoint=around.endpoint,
            board=around.board,
            ledger=around.ledger,
        )
        await replay.run(around.clock, started)
        return
    await _live(around, started)


async def _live(around: Surroundings, started: asyncio.Event) -> None:
    """The chargers first stop, then their web servers."""
    fleet = []
    for one in assembled(around):
        fleet.append(one)
        # A thousand lives take a while to make; others share this loop.
        await asyncio.sleep(0)
    port = around.options.http_port
    _allow_files(len(fleet) * (1 if port is None else 3))
    sites = contextlib.nullcontext() if port is None else serving([s for _, s in fleet], port)
    async with sites, asyncio.TaskGroup() as tasks:
        for charger, _ in fleet:
            tasks.create_task(charger.run(), name=f"charger {charger.identity.id}")
        tasks.create_task(_announce_start([c for c, _ in fleet], started), name="start")


async def _announce_start(fleet: list[Charger], started: asyncio.Event) -> None:
    for charger in fleet:
        await charger.tried()
    started.set()


async def _flushing(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        ledger.flush()


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Something that runs as long as the block does; what it raised is raised at the end."""
    # No TaskGroup: it would wrap the block's own SimError.
    task = asyncio.create_task(work, name="beside the chargers")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()


def _allow_files(wanted: int) -> None:
    """A socket for each charger and its web server; the shell's soft limit is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < enough:
        most = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
