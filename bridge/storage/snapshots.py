"""Two snapshots of the state file, the older of which is replaced each time."""

import contextlib
import sqlite3
from pathlib import Path

from bridge.core.errors import CannotStart
from bridge.storage.database import clear_the_way, is_sound
from bridge.storage.format import Damaged, Format, read_version

SNAPSHOTS = ("state.snapshot-1.db", "state.snapshot-2.db")


class SnapshotFiles:
    """Used by the state file's thread alone."""

    def __init__(self, folder: Path, form: Format) -> None:
        self._form = form
        self._paths = [folder / name for name in SNAPSHOTS]

    def newest_first(self) -> list[Path]:
        """The snapshots that exist."""
        existing = [path for path in self._paths if path.is_file()]
        return sorted(existing, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def newest_sound(self) -> Path | None:
        """The newest snapshot that is not damaged; None where there is none."""
        return next((path for path in self.newest_first() if _is_usable(path, self._form)), None)

    def write(self, connection: sqlite3.Connection) -> None:
        """Replace the older snapshot, by a rename once the new one is complete."""
        for path in self._paths:
            clear_the_way(path)
            clear_the_way(path.with_suffix(".new"))
        existing = self.newest_first()
        missing = [path for path in self._paths if path not in existing]
        target = missing[0] if missing else existing[-1]
        fresh = target.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(fresh),))
        fresh.replace(target)


def _is_usable(path: Path, form: Format) -> bool:
    """Whether it is sound, and of a format that this version knows."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return is_sound(connection) and read_version(connection, path, form) > 0
    except (sqlite3.Error, Damaged, CannotStart):
        return False
