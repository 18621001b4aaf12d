"""Looks into the journal from outside, also while a bridge runs."""

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from bridge.sinks import points
from bridge.sinks.database import translated
from bridge.sinks.points import FILE, RefusedRow


def refused_rows(folder: Path) -> list[RefusedRow]:
    """What stores refused, also while a bridge runs; empty where there is no journal."""
    connection = _look_in(folder)
    if connection is None:
        return []
    with contextlib.closing(connection), translated(folder / FILE):
        return points.refused(connection)


def _look_in(folder: Path) -> sqlite3.Connection | None:
    path = folder / FILE
    if not path.exists():
        return None
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)
