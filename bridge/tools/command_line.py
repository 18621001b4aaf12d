"""What all commands share on the command line: settings, errors in a line, the event loop."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bridge.core.errors import (
    CannotStart,
    CommandFailed,
    DiskTrouble,
    FixSettings,
    FolderBusy,
)
from bridge.runtime.loop_lag import TurnLoop
from bridge.settings import Settings, load
from bridge.sim.run import SimError
from bridge.tools.check import explain

FAILED, UNUSABLE = 1, 2

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="TOML file with settings; also NOFOS_CONFIG."),
]


def settled(config: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that hold; ends the command where some are wrong."""
    try:
        return load(config, environ)
    except FixSettings as error:
        sys.stderr.write(explain(error.problems))
        raise typer.Exit(UNUSABLE) from error


def finish(work: Coroutine[None, None, None]) -> None:
    """Run to the end."""
    with said(), asyncio.Runner(loop_factory=TurnLoop) as runner:
        runner.run(work)


@contextmanager
def said() -> Iterator[None]:
    """Errors that the user can cure are said in a line, and end the command."""
    try:
        yield
    except (FolderBusy, FixSettings, SimError) as error:
        typer.echo(f"nofos-bridge: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    except (CannotStart, CommandFailed, DiskTrouble) as error:
        typer.echo(f"nofos-bridge: {error}", err=True)
        raise typer.Exit(FAILED) from error


@contextmanager
def leavable() -> Iterator[None]:
    """Who reads our output may leave: `export | head` is no mistake."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try once more at its end to hand over what is left.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
