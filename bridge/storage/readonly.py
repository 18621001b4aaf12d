"""Reads the data folder from another process, also while a bridge runs."""

import contextlib
import json
from pathlib import Path

from bridge.core.model import SavedState
from bridge.storage import journal_sql
from bridge.storage.database import open_readonly as open_readonly
from bridge.storage.database import translated
from bridge.storage.journal_sql import FILE, RefusedRow
from bridge.storage.state_file import FILE as STATE


def refused_rows(folder: Path) -> list[RefusedRow]:
    """The lines that stores refused; empty where there is no journal."""
    connection = open_readonly(folder / FILE)
    if connection is None:
        return []
    with contextlib.closing(connection), translated(folder / FILE):
        return journal_sql.refused(connection)


def charger_row(folder: Path, charger: str) -> SavedState | None:
    """A charger's saved state; None for one that is not in the state file."""
    rows = _rows(folder, "SELECT body FROM chargers WHERE id = ?", charger)
    try:
        body = json.loads(str(rows[0][0])) if rows else None
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def charger_rows(folder: Path) -> dict[str, SavedState]:
    """The saved states of all chargers by id, without those that cannot be read."""
    states: dict[str, SavedState] = {}
    for id_, text in _rows(folder, "SELECT id, body FROM chargers"):
        with contextlib.suppress(ValueError):
            if isinstance(body := json.loads(str(text)), dict):
                states[str(id_)] = body
    return states


def charger_ids(folder: Path) -> list[str]:
    """The ids of all chargers in the state file."""
    return [str(row[0]) for row in _rows(folder, "SELECT id FROM chargers ORDER BY id")]


def _rows(folder: Path, query: str, *values: str) -> list[tuple[object, ...]]:
    connection = open_readonly(folder / STATE)
    if connection is None:
        return []
    with contextlib.closing(connection), translated(folder / STATE):
        return connection.execute(query, values).fetchall()
