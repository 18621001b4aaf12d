"""What all commands share: loading settings, reporting errors, running the event loop."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bridge.app.service import stop_on_signals
from bridge.core.errors import (
    CannotStart,
    CommandFailed,
    DiskTrouble,
    FixSettings,
    FolderBusy,
)
from bridge.runtime.loop_lag import TurnLoop
from bridge.settings import Settings, load
from bridge.sim.options import SimError
from bridge.tools.check import format_problems

FAILED, UNUSABLE = 1, 2

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="TOML file with settings; also NOFOS_CONFIG."),
]


def load_settings(config: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The effective settings; exits with a list of problems where some are invalid."""
    try:
        return load(config, environ)
    except FixSettings as error:
        sys.stderr.write(format_problems(error.problems))
        raise typer.Exit(UNUSABLE) from error


def run_async(command: Coroutine[None, None, None]) -> None:
    """Run a command in an event loop; its errors end the command."""
    with report_errors(), asyncio.Runner(loop_factory=TurnLoop) as runner:
        runner.run(command)


async def interruptible(command: Coroutine[None, None, None], consequence: str) -> None:
    """Run it until SIGINT or SIGTERM; a signal raises CommandFailed with the consequence."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    task = asyncio.create_task(command, name="work")
    stopped = asyncio.create_task(stop.wait(), name="signalled")
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if task.cancelled():
        raise CommandFailed(f"interrupted; {consequence}")
    task.result()


@contextmanager
def report_errors() -> Iterator[None]:
    """Errors that the user can fix are reported in one line and end the command."""
    try:
        yield
    except (FolderBusy, FixSettings, SimError) as error:
        typer.echo(f"nofos-bridge: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    except (CannotStart, CommandFailed, DiskTrouble) as error:
        typer.echo(f"nofos-bridge: {error}", err=True)
        raise typer.Exit(FAILED) from error


@contextmanager
def ignore_broken_pipe() -> Iterator[None]:
    """A closed output pipe is not an error: `export | head`."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try once more at its end to hand over what is left.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
