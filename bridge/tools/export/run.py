"""`export`: what the journal holds, to standard output, while a bridge may run."""

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
from bridge.tools.export.formats import Form, written
from bridge.tools.time_argument import span_between


@dataclass(frozen=True, slots=True)
class Choice:
    """Which points, and how they are written; None for no limit."""

    form: Form = Form.CSV
    charger: str | None = None
    since: str | None = None
    until: str | None = None


def export(folder: Path, choice: Choice, now: datetime, out: TextIO, err: TextIO) -> None:
    """Points to `out`, all else to `err`; raises CommandFailed, DiskTrouble."""
    span = span_between(choice.since, choice.until, now)
    spoiled: dict[int, int] = {}
    with closing(_opened(folder, span, spoiled)) as past:
        empty = True
        for text in written(choice.form, lambda: _chosen(past, choice.charger)):
            out.write(text)
            empty = False
        out.flush()
    if empty:
        err.write(f"{_nothing(folder, choice)}\n")
    if spoiled:
        err.write(
            f"some rows of the journal are damaged; {sum(spoiled.values())} points are missing\n"
        )


def _opened(folder: Path, span: Span, spoiled: dict[int, int]) -> JournalReader:
    try:
        return JournalReader(folder, span, corrupt_row=spoiled.__setitem__)
    except FileNotFoundError:
        raise CommandFailed(
            f"there is no journal in {folder}: name the bridge's data folder (journal.dir, "
            "NOFOS_JOURNAL__DIR)"
        ) from None


def _chosen(past: JournalReader, charger: str | None) -> Iterator[bytes]:
    if charger is None:
        return past.lines()
    return (line for line in past.lines() if is_of(line, charger))


def _nothing(folder: Path, choice: Choice) -> str:
    if choice.charger is None:
        return "the journal holds no point of that time"
    ids = charger_ids(folder)
    charger = printable(choice.charger[:80])
    if choice.charger in ids:
        return f"the journal holds no point of charger {charger} of that time"
    near = get_close_matches(choice.charger, ids, n=1)
    perhaps = f"; did you mean {near[0]}?" if near else ""
    return f"the journal holds no point of charger {charger}, and it is not known{perhaps}"
