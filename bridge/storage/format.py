"""The formats of the data folder's files: their tables, their versions, and how they are marked."""

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.core.errors import CannotStart, DiskTrouble


class Damaged(DiskTrouble):
    """The file is no longer a database, or is not the one that the bridge wrote."""


@dataclass(frozen=True, slots=True)
class Format:
    """The tables of a file; `steps` has for each earlier version the statements that turn it
    into the next one."""

    schema: str
    version: int
    steps: Mapping[int, str]
    mark: int
    """The file's application id, with the version added: each kind of file has its own."""

    def columns(self) -> dict[str, set[str]]:
        """The columns of each table."""
        with contextlib.closing(sqlite3.connect(":memory:")) as memory:
            memory.executescript(self.schema)
            return columns_of(memory)

    def statements(self, found: int) -> str:
        """What brings a file of that version up to date; 0 is an empty file."""
        steps = [self.schema]
        if found:
            steps = [self.steps[number] for number in range(found, self.version)]
        return "; ".join(steps)


def read_version(connection: sqlite3.Connection, path: Path, form: Format) -> int:
    """The version of a file's format, 0 for an empty one.

    It is marked twice, so that a damaged mark is no newer version: where the marks differ, the
    tables decide. Raises Damaged, or CannotStart for a newer version.
    """
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    alike = mark == form.mark + found
    if found > form.version and alike:
        raise CannotStart(
            f"{path} was written by a newer bridge (format {found}, this one knows "
            f"{form.version}); run that version, or set another journal.dir"
        )
    columns = columns_of(connection)
    if columns == form.columns():
        return form.version
    if not columns and not found and not mark:
        return 0
    # Files of earlier versions have one mark.
    if found in form.steps and (alike or not mark):
        return found
    raise Damaged(f"{path.name}: its tables are not those of format {form.version}")


def columns_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The columns of each table."""
    rows = connection.execute(
        "SELECT m.name, i.name FROM sqlite_master m, pragma_table_info(m.name) i"
        " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    return found
