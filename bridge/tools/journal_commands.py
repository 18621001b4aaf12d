"""The commands that look into the journal, as they are typed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from bridge.tools.command_line import Config, said, settled
from bridge.tools.export import Choice
from bridge.tools.export import export as export_journal
from bridge.tools.export_forms import Form
from bridge.tools.refused import show as show_refused


def add_journal_commands(app: typer.Typer) -> None:
    """Put them beside the others."""
    app.command(epilog="Example: nofos-bridge refused > refused.tsv")(refused)
    example = "nofos-bridge export --charger a1b2c3d4e5f6 --since 24h --format csv > day.csv"
    app.command(epilog=f"Example: {example}")(export)


def refused(config: Config = None) -> None:
    """Lines that a store refused: time, store, reason and line, separated by tabs."""
    with said():
        show_refused(settled(config).journal.dir, sys.stdout)


def export(
    charger: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this charger; unset: all of them.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="From then on: 2026-11-23T07:00:00Z, or 24h ago."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="T", help="Until before then, written alike.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="csv, jsonl, or lp: InfluxDB line protocol.")
    ] = Form.CSV,
    config: Config = None,
) -> None:
    """What the journal holds, in its order, also while a bridge runs."""
    choice = Choice(form, charger, since, until)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # A text file, here.
    with said(), leavable():
        folder = settled(config).journal.dir
        export_journal(folder, choice, datetime.now(UTC), sys.stdout, sys.stderr)


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
