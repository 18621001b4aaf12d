"""The export formats: line protocol, JSON lines, CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum

from bridge.core.fields.catalogue import CATALOGUE, Kind
from bridge.core.output.line_parser import Point, parse_line
from bridge.core.text import visible

Lines = Callable[[], Iterator[bytes]]
"""Starts from the first line with each call."""
UNSHOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character of a stranger's text that a terminal would obey."""
FORMULA = ("=", "+", "-", "@")
_FIRST_TAGS = ("charger", "site", "kind")
_COLUMNS = tuple(row.column for row in CATALOGUE if row.kind is not Kind.TEXT)


class ExportFormat(StrEnum):
    """The values of `--format`."""

    CSV = "csv"
    JSONL = "jsonl"
    LP = "lp"


def format_points(form: ExportFormat, lines: Lines) -> Iterator[str]:
    """The text, piece by piece; empty where there is no line."""
    match form:
        case ExportFormat.LP:
            return (f"{visible(line.decode(errors='replace'), UNSHOWN)}\n" for line in lines())
        case ExportFormat.JSONL:
            return map(_json_line, lines())
        case ExportFormat.CSV:
            return _csv_table(lines)


def _json_line(line: bytes) -> str:
    point = parse_line(line)
    members = {
        "time": _time(point), "measurement": point.measurement, "tags": point.tags,
        "fields": point.fields,
    }  # fmt: skip
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return (text if text.isprintable() else json.dumps(members, separators=(",", ":"))) + "\n"


def _csv_table(lines: Lines) -> Iterator[str]:
    """Reads the lines twice: the header must contain every tag and column."""
    tags, columns = _tags_and_columns(lines)
    if not tags:
        return
    yield _csv_row(["time", "measurement", *tags, *columns])
    for point in map(parse_line, lines()):
        tag_values = [point.tags.get(tag, "") for tag in tags]
        values = [point.fields.get(column, "") for column in columns]
        yield _csv_row([_time(point), point.measurement, *tag_values, *values])


def _tags_and_columns(lines: Lines) -> tuple[list[str], list[str]]:
    """Tags and columns, always with the catalogue's, so that several tables can be joined."""
    tags: set[str] = set()
    columns: set[str] = set()
    for point in map(parse_line, lines()):
        tags.update(point.tags)
        columns.update(point.fields)
    if not tags:
        return [], []
    known = list(dict.fromkeys((*_FIRST_TAGS, *sorted(tags))))
    return known, list(dict.fromkeys((*_COLUMNS, *sorted(columns))))


def _csv_row(cells: list[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(_csv_cell, cells))
    return out.getvalue()


def _csv_cell(cell: object) -> object:
    """A number as it is; a text that no spreadsheet takes for a formula."""
    if not isinstance(cell, str):
        return cell
    text = visible(cell, UNSHOWN)
    return f"'{text}" if text.startswith(FORMULA) else text


def _time(point: Point) -> str:
    moment = datetime.fromtimestamp(point.stamp_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
