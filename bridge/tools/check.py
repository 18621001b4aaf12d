"""`check`: which settings hold and where they came from, or what is wrong with them."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.core.errors import FixSettings, Problem
from bridge.logs.scrub import printable
from bridge.settings import load
from bridge.settings.show import Row, effective
from bridge.tools.cautions import cautions

WIDEST_VALUE = 40
GOOD, WRONG = 0, 2


def check(config: Path | None, environ: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Show the settings on `out`, what is wrong or risky on `err`; the exit code."""
    try:
        settings = load(config, environ)
    except FixSettings as error:
        err.write(explain(error.problems))
        return WRONG
    render(effective(settings), out)
    for caution in cautions(settings, environ):
        err.write(f"warning: {printable(caution)}\n")
    err.write("The settings are good.\n")
    return GOOD


def explain(problems: Iterable[Problem]) -> str:
    """What is wrong with the settings, and what to do, in the words of `check` and `run`."""
    told = [_told(problem) for problem in problems]
    many = "1 setting is wrong" if len(told) == 1 else f"{len(told)} settings are wrong"
    return "\n".join([f"{many}:\n", *told])


def _told(problem: Problem) -> str:
    lines = (
        f"{problem.name}  ({problem.source})",
        f"  wrong:  {problem.wrong}",
        f"  remedy: {problem.remedy}",
    )
    return "".join(f"{printable(line)}\n" for line in lines)


def render(rows: Iterable[Row], out: TextIO) -> None:
    """The rows as a table on a terminal, as aligned text elsewhere."""
    if out.isatty():
        _table(rows, out)
    else:
        _plain(list(rows), out)


def _table(rows: Iterable[Row], out: TextIO) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("source", overflow="fold")
    for _, group in groupby(rows, key=_section):
        for row in group:
            # Text, not str: brackets in a value are no mark-up.
            table.add_row(*(Text(printable(cell)) for cell in (row.name, row.value, row.source)))
        table.add_row()
    Console(file=out, highlight=False).print(table)


def _plain(rows: list[Row], out: TextIO) -> None:
    name_width = max(len(row.name) for row in rows)
    value_width = max(len(row.value) for row in rows if len(row.value) <= WIDEST_VALUE)
    for number, (_, group) in enumerate(groupby(rows, key=_section)):
        out.write("\n" if number else "")
        for row in group:
            cells = f"{row.name:<{name_width}}  {row.value:<{value_width}}  {row.source}"
            out.write(f"{printable(cells)}\n")


def _section(row: Row) -> str:
    return row.name.partition(".")[0]
