"""`export`: writes the journal's points to standard output, also while a bridge is running."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

from bridge.core.errors import CommandFailed
from bridge.core.output.line_parser import is_of
from bridge.logs.scrub import printable
from bridge.storage.journal_reader import JournalReader, Span
from bridge.storage.readonly import charger_ids
from bridge.tools.export.formats import ExportFormat, format_points
from bridge.tools.time_argument import parse_span


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The arguments of `export`; None for no limit."""

    form: ExportFormat = ExportFormat.CSV
    charger: str | None = None
    since: str | None = None
    until: str | None = None


def export(folder: Path, options: ExportOptions, now: datetime, out: TextIO, err: TextIO) -> None:
    """Points to `out`, all else to `err`; raises CommandFailed, DiskTrouble."""
    span = parse_span(options.since, options.until, now)
    damaged: dict[int, int] = {}
    with closing(_open_journal(folder, span, damaged)) as journal:
        empty = True
        for text in format_points(options.form, lambda: _matching_lines(journal, options.charger)):
            out.write(text)
            empty = False
        out.flush()
    if empty:
        err.write(f"{_empty_message(folder, options)}\n")
    if damaged:
        err.write(
            f"some rows of the journal are damaged; {sum(damaged.values())} points are missing\n"
        )


def _open_journal(folder: Path, span: Span, damaged: dict[int, int]) -> JournalReader:
    try:
        return JournalReader(folder, span, corrupt_row=damaged.__setitem__)
    except FileNotFoundError:
        raise CommandFailed(
            f"there is no journal in {folder}: name the bridge's data folder (journal.dir, "
            "NOFOS_JOURNAL__DIR)"
        ) from None


def _matching_lines(journal: JournalReader, charger: str | None) -> Iterator[bytes]:
    if charger is None:
        return journal.lines()
    return (line for line in journal.lines() if is_of(line, charger))


def _empty_message(folder: Path, options: ExportOptions) -> str:
    if options.charger is None:
        return "the journal contains no points of that time"
    ids = charger_ids(folder)
    charger = printable(options.charger[:80])
    if options.charger in ids:
        return f"the journal contains no points of charger {charger} of that time"
    near = get_close_matches(options.charger, ids, n=1)
    perhaps = f"; did you mean {near[0]}?" if near else ""
    return f"the journal contains no points of charger {charger}, which is unknown{perhaps}"
