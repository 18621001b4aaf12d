"""`run --shards N`: the fleet split over that many processes on one machine.

Each has its own data folder and port. None is restarted silently: when one exits, the
others are stopped too, so that the supervisor (systemd, a container) notices and acts. They
also drain when this process is killed: the pipe to their standard input closes with it.
"""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from bridge.app.service import stop_on_signals
from bridge.core.errors import CommandFailed
from bridge.monitoring.stats import MAIN
from bridge.settings import Settings
from bridge.storage.orphans import Orphan, orphans

log = structlog.get_logger("shards")

GRACE_SECONDS = 40.0
"""Twice as long as a drain may take."""
UNTIL_INPUT_ENDS = "--until-input-ends"
"""The option of `run` that stops a shard together with this process."""
HIGHEST_PORT = 65_535
_STOPPED = (-signal.SIGTERM, -signal.SIGINT)


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Each shard's environment, by index, and what earlier shards have not sent."""

    environs: Sequence[Mapping[str, str]]
    unsent: Sequence[Orphan] = ()


def shard_environ(count: int, index: int = 0) -> dict[str, str]:
    """The environment variables of a shard."""
    return {"NOFOS_SHARD__COUNT": str(count), "NOFOS_SHARD__INDEX": str(index)}


def plan_shards(count: int, settings: Settings, environ: Mapping[str, str]) -> ShardPlan:
    """Folder `shard-0` and the listening port for the first, and so on.

    Raises CommandFailed where the ports do not suffice.
    """
    listen, folder = settings.web.listen, settings.journal.dir
    if listen.port + count - 1 > HIGHEST_PORT:
        raise CommandFailed(f"web.listen: from port {listen.port} on there are not {count} ports")
    folders = [folder / f"shard-{index}" for index in range(count)]
    # Port 0 is any free one.
    ports = [listen.port + index if listen.port else 0 for index in range(count)]
    environs = [
        {
            **environ, **shard_environ(count, index), "NOFOS_JOURNAL__DIR": str(folders[index]),
            "NOFOS_WEB__LISTEN": str(replace(listen, port=ports[index])),
        }
        for index in range(count)
    ]  # fmt: skip
    owing = orphans(folder, MAIN, excluding=folders) if settings.influx.url else ()
    return ShardPlan(environs, owing)


async def run_shards(plan: ShardPlan, config: Path | None) -> int:
    """Until SIGTERM or SIGINT, or until one exits; returns the exit code of the first that failed,
    128 and the signal's number for one that was killed, 0 where all drained."""
    for orphan in plan.unsent:
        log.warning("shards.left_behind", folder=str(orphan.folder), points=orphan.points,
                    remedy="replay --pending, with journal.dir set to this folder")  # fmt: skip
    stop = asyncio.Event()
    stop_on_signals(stop)
    command = [sys.executable, "-m", "bridge", "run", UNTIL_INPUT_ENDS]
    command += ["--config", str(config)] if config else []
    async with contextlib.AsyncExitStack() as stack:
        children = []
        for environ in plan.environs:
            child = await asyncio.create_subprocess_exec(*command, env=environ, stdin=PIPE)
            stack.callback(_kill, child)
            children.append(child)
        first = await _until_one_ends(children, stop)
        codes = await _terminate(children)
    if first is not None:
        return _exit_code(codes[first])
    return next((_exit_code(code) for code in codes if code and code not in _STOPPED), 0)


async def _until_one_ends(children: Sequence[Process], stop: asyncio.Event) -> int | None:
    """The index of the shard that exited; None where all shall stop."""
    stopping = asyncio.create_task(stop.wait(), name="stop")
    ends = [asyncio.create_task(child.wait(), name="shard") for child in children]
    await asyncio.wait({stopping, *ends}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, *ends):
        task.cancel()
    if stop.is_set():
        return None
    index, child = next((n, child) for n, child in enumerate(children) if ends[n].done())
    log.error("shards.one_ended", shard=index, code=_exit_code(child.returncode or 0),
              consequence="the others drain and end too")  # fmt: skip
    return index


async def _terminate(children: Sequence[Process]) -> list[int]:
    """Ask all to drain, kill what still runs after the grace time; their exit codes."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            await asyncio.gather(*(child.wait() for child in children))
    for child in children:
        _kill(child)
    return [await child.wait() for child in children]


def _kill(child: Process) -> None:
    """Kill it if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        child.kill()


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code
