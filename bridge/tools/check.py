"""`check`: the effective settings with their sources, or what is wrong with them."""

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
from bridge.settings.show import EffectiveSetting, effective_settings
from bridge.tools.cautions import cautions

WIDEST_VALUE = 40
EXIT_VALID, EXIT_INVALID = 0, 2


def check(config: Path | None, environ: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Print the settings to `out`, problems and warnings to `err`; returns the exit code."""
    try:
        settings = load(config, environ)
    except FixSettings as error:
        err.write(format_problems(error.problems))
        return EXIT_INVALID
    print_settings(effective_settings(settings), out)
    for caution in cautions(settings, environ):
        err.write(f"warning: {printable(caution)}\n")
    err.write("The settings are valid.\n")
    return EXIT_VALID


def format_problems(problems: Iterable[Problem]) -> str:
    """The problems with their remedies, as `check` and `run` print them."""
    texts = [format_problem(problem) for problem in problems]
    headline = "1 setting is invalid" if len(texts) == 1 else f"{len(texts)} settings are invalid"
    return "\n".join([f"{headline}:\n", *texts])


def format_problem(problem: Problem) -> str:
    lines = (
        f"{problem.name}  ({problem.source})",
        f"  wrong:  {problem.wrong}",
        f"  remedy: {problem.remedy}",
    )
    return "".join(f"{printable(line)}\n" for line in lines)


def print_settings(rows: Iterable[EffectiveSetting], out: TextIO) -> None:
    """The rows as a table on a terminal, as aligned text elsewhere."""
    if out.isatty():
        _print_table(rows, out)
    else:
        _print_aligned(list(rows), out)


def _print_table(rows: Iterable[EffectiveSetting], out: TextIO) -> None:
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


def _print_aligned(rows: list[EffectiveSetting], out: TextIO) -> None:
    name_width = max(len(row.name) for row in rows)
    value_width = max(len(row.value) for row in rows if len(row.value) <= WIDEST_VALUE)
    for number, (_, group) in enumerate(groupby(rows, key=_section)):
        out.write("\n" if number else "")
        for row in group:
            cells = f"{row.name:<{name_width}}  {row.value:<{value_width}}  {row.source}"
            out.write(f"{printable(cells)}\n")


def _section(row: EffectiveSetting) -> str:
    return row.name.partition(".")[0]
