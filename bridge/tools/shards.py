"""`run --shards N`: the fleet shared by that many processes on one machine.

Each has its own data folder and port. None is started again silently: one that ends takes
the others along, so that whoever started this (systemd, a container) sees it and acts. They
drain also where this process is killed: the pipe that is their standard input ends with it.
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
TIED = "--until-input-ends"
"""The option of `run` that ties a shard to this process."""
HIGHEST_PORT = 65_535
_STOPPED = (-signal.SIGTERM, -signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Plan:
    """What each shard is started with, by index, and what is left of earlier bridges."""

    environs: Sequence[Mapping[str, str]]
    left: Sequence[Orphan] = ()


def one_of(count: int, index: int = 0) -> dict[str, str]:
    """The environment's names for a shard."""
    return {"NOFOS_SHARD__COUNT": str(count), "NOFOS_SHARD__INDEX": str(index)}


def planned(count: int, settings: Settings, environ: Mapping[str, str]) -> Plan:
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
            **environ, **one_of(count, index), "NOFOS_JOURNAL__DIR": str(folders[index]),
            "NOFOS_WEB__LISTEN": str(replace(listen, port=ports[index])),
        }
        for index in range(count)
    ]  # fmt: skip
    owing = orphans(folder, MAIN, excluding=folders) if settings.influx.url else ()
    return Plan(environs, owing)


async def run_shards(plan: Plan, config: Path | None) -> int:
    """Until SIGTERM or SIGINT, or until one ends; returns the exit code of the first that failed,
    128 and the signal's number for one that was killed, 0 where all drained."""
    for left in plan.left:
        log.warning("shards.left_behind", folder=str(left.folder), points=left.points,
                    remedy="replay --pending, with journal.dir set to this folder")  # fmt: skip
    stop = asyncio.Event()
    stop_on_signals(stop)
    words = [sys.executable, "-m", "bridge", "run", TIED]
    words += ["--config", str(config)] if config else []
    async with contextlib.AsyncExitStack() as stack:
        children = []
        for environ in plan.environs:
            child = await asyncio.create_subprocess_exec(*words, env=environ, stdin=PIPE)
            stack.callback(_kill, child)
            children.append(child)
        first = await _until_one_ends(children, stop)
        codes = await _ended(children)
    if first is not None:
        return _code(codes[first])
    return next((_code(code) for code in codes if code and code not in _STOPPED), 0)


async def _until_one_ends(children: Sequence[Process], stop: asyncio.Event) -> int | None:
    """Its index; None where all are to stop."""
    stopping = asyncio.create_task(stop.wait(), name="stop")
    ends = [asyncio.create_task(child.wait(), name="shard") for child in children]
    await asyncio.wait({stopping, *ends}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, *ends):
        task.cancel()
    if stop.is_set():
        return None
    index, child = next((n, child) for n, child in enumerate(children) if ends[n].done())
    log.error("shards.one_ended", shard=index, code=_code(child.returncode or 0),
              consequence="the others drain and end too")  # fmt: skip
    return index


async def _ended(children: Sequence[Process]) -> list[int]:
    """Their exit codes, once all were asked to drain and have."""
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
    """End one that still runs."""
    with contextlib.suppress(ProcessLookupError):
        child.kill()


def _code(code: int) -> int:
    return 128 - code if code < 0 else code
