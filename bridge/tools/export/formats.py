"""How exported points are written: line protocol, JSON lines, CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum

from bridge.core.fields.catalogue import CATALOGUE, Kind
from bridge.core.output.line_parser import Point, parse_line

Lines = Callable[[], Iterator[bytes]]
"""Begins anew with each call."""
_FIRST_TAGS = ("charger", "site", "kind")
_COLUMNS = tuple(row.column for row in CATALOGUE if row.kind is not Kind.TEXT)


class Form(StrEnum):
    """What `--format` takes."""

    CSV = "csv"
    JSONL = "jsonl"
    LP = "lp"


def written(form: Form, lines: Lines) -> Iterator[str]:
    """The text, piece by piece; nothing where there is no line."""
    match form:
        case Form.LP:
            return (f"{line.decode(errors='replace')}\n" for line in lines())
        case Form.JSONL:
            return map(_object, lines())
        case Form.CSV:
            return _table(lines)


def _object(line: bytes) -> str:
    point = parse_line(line)
    members = {
        "time": _time(point), "measurement": point.measurement, "tags": point.tags,
        "fields": point.fields,
    }  # fmt: skip
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n"


def _table(lines: Lines) -> Iterator[str]:
    """Goes through the lines twice: the header must name what any of them holds."""
    tags, columns = _names(lines)
    if not tags:
        return
    yield _row(["time", "measurement", *tags, *columns])
    for point in map(parse_line, lines()):
        told = [point.tags.get(tag, "") for tag in tags]
        values = [point.fields.get(column, "") for column in columns]
        yield _row([_time(point), point.measurement, *told, *values])


def _names(lines: Lines) -> tuple[list[str], list[str]]:
    """Tags and columns; the catalogue's columns always, so that tables fit together."""
    tags: set[str] = set()
    columns: set[str] = set()
    for point in map(parse_line, lines()):
        tags.update(point.tags)
        columns.update(point.fields)
    if not tags:
        return [], []
    known = list(dict.fromkeys((*_FIRST_TAGS, *sorted(tags))))
    return known, list(dict.fromkeys((*_COLUMNS, *sorted(columns))))


def _row(cells: list[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _time(point: Point) -> str:
    moment = datetime.fromtimestamp(point.stamp_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
