"""The command-line options of `refused`, `export` and `replay`."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bridge.settings import Settings
from bridge.tools.command_line import (
    ConfigOption,
    ignore_broken_pipe,
    interruptible,
    load_settings,
    report_errors,
    run_async,
)
from bridge.tools.export.formats import ExportFormat
from bridge.tools.export.run import ExportOptions
from bridge.tools.export.run import export as export_journal
from bridge.tools.refused import print_refused as show_refused

Since = Annotated[
    str | None,
    typer.Option(metavar="T", help="Start time: 2026-11-23T07:00:00Z, or 24h for 24 hours ago."),
]
Until = Annotated[
    str | None, typer.Option(metavar="T", help="End time (exclusive), in the same format.")
]


def add_journal_commands(app: typer.Typer) -> None:
    """Add them to the application."""
    app.command(epilog="Example: nofos-bridge refused > refused.tsv")(refused)
    example = "nofos-bridge export --charger a1b2c3d4e5f6 --since 24h --format csv > day.csv"
    app.command(epilog=f"Example: {example}")(export)
    example = "nofos-bridge replay --since 24h --to http://influxdb:8086 --bucket chargers"
    app.command(epilog=f"Example: {example}")(replay)


def refused(config: ConfigOption = None) -> None:
    """Lines that a store refused: time, store, reason and line, separated by tabs."""
    with report_errors():
        show_refused(load_settings(config).journal.dir, sys.stdout)


def export(
    charger: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this charger; default: all.")
    ] = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="csv, jsonl, or lp: InfluxDB line protocol.")
    ] = ExportFormat.CSV,
    config: ConfigOption = None,
) -> None:
    """Points from the journal, oldest first; works while a bridge is running."""
    options = ExportOptions(form, charger, since, until)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # A text file, here.
    with report_errors(), ignore_broken_pipe():
        folder = load_settings(config).journal.dir
        export_journal(folder, options, datetime.now(UTC), sys.stdout, sys.stderr)


def replay(
    to: Annotated[str, typer.Option(metavar="URL", help="A store with InfluxDB's v2 write API.")],
    since: Since = None,
    until: Until = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Only points that this store has not received yet.")
    ] = False,
    org: Annotated[str | None, typer.Option(help="Default: from the settings.")] = None,
    bucket: Annotated[str | None, typer.Option(help="Default: from the settings.")] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Default: the settings' token, if they contain this URL."
        ),
    ] = None,
    cursor_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to save the progress; default: the data folder."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Send the journal's points to a store again; run it again to continue an interrupted one."""
    # Here, so that `run` starts without them.
    from bridge.tools.replay.run import ReplayOptions
    from bridge.tools.replay.run import replay as replay_journal
    from bridge.tools.replay.target import TargetOptions

    settings = _load_settings_of_any_shard(config)
    options = ReplayOptions(
        TargetOptions(to, org, bucket, token_file), since, until, pending, cursor_dir
    )
    work = replay_journal(settings, options, datetime.now(UTC), sys.stderr)
    run_async(interruptible(work, "run the same command again to continue from here"))


def _load_settings_of_any_shard(config: Path | None) -> Settings:
    """The settings without a shard index: a Kubernetes Job has no ordinal of its own."""
    return load_settings(config, {"NOFOS_SHARD__INDEX": "0", **os.environ})
