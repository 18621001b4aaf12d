"""The commands that look into the journal, as they are typed."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bridge.settings import Settings
from bridge.tools.command_line import Config, finish, leavable, said, settled
from bridge.tools.export.formats import Form
from bridge.tools.export.run import Choice
from bridge.tools.export.run import export as export_journal
from bridge.tools.interrupted import interruptible
from bridge.tools.refused import show as show_refused
from bridge.tools.replay.run import Errand
from bridge.tools.replay.run import replay as replay_journal
from bridge.tools.replay.target import Asked

Since = Annotated[
    str | None, typer.Option(metavar="T", help="From then on: 2026-11-23T07:00:00Z, or 24h ago.")
]
Until = Annotated[str | None, typer.Option(metavar="T", help="Until before then, written alike.")]


def add_journal_commands(app: typer.Typer) -> None:
    """Put them beside the others."""
    app.command(epilog="Example: nofos-bridge refused > refused.tsv")(refused)
    example = "nofos-bridge export --charger a1b2c3d4e5f6 --since 24h --format csv > day.csv"
    app.command(epilog=f"Example: {example}")(export)
    example = "nofos-bridge replay --since 24h --to http://influxdb:8086 --bucket chargers"
    app.command(epilog=f"Example: {example}")(replay)


def refused(config: Config = None) -> None:
    """Lines that a store refused: time, store, reason and line, separated by tabs."""
    with said():
        show_refused(settled(config).journal.dir, sys.stdout)


def export(
    charger: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this charger; unset: all of them.")
    ] = None,
    since: Since = None,
    until: Until = None,
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


def replay(
    to: Annotated[str, typer.Option(metavar="URL", help="A store with InfluxDB's v2 write API.")],
    since: Since = None,
    until: Until = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Only what the store has not had from the bridge.")
    ] = False,
    org: Annotated[str | None, typer.Option(help="Unset: as in the settings.")] = None,
    bucket: Annotated[str | None, typer.Option(help="Unset: as in the settings.")] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Unset: the settings' token, where they name this URL."),
    ] = None,
    cursor_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keeps how far it came; unset: the data folder."),
    ] = None,
    config: Config = None,
) -> None:
    """The journal's points into a store again; interrupted, the same command goes on."""
    settings = _of_any_shard(config)
    errand = Errand(Asked(to, org, bucket, token_file), since, until, pending, cursor_dir)
    work = replay_journal(settings, errand, datetime.now(UTC), sys.stderr)
    finish(interruptible(work, "the same command goes on from here"))


def _of_any_shard(config: Path | None) -> Settings:
    """The settings for a folder, whose shard does not matter: a Job has no number of its own."""
    return settled(config, {"NOFOS_SHARD__INDEX": "0", **os.environ})
