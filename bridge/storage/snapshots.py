"""Two snapshots of the state file, the older of which is replaced each time."""

import contextlib
import sqlite3
from pathlib import Path

from bridge.storage.database import is_sound

SNAPSHOTS = ("state.snapshot-1.db", "state.snapshot-2.db")


class SnapshotFiles:
    """Used by the state file's thread alone."""

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / name for name in SNAPSHOTS]

    def newest_first(self) -> list[Path]:
        """The snapshots that exist."""
        existing = [path for path in self._paths if path.exists()]
        return sorted(existing, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def newest_sound(self) -> Path | None:
        """The newest snapshot that is not damaged; None where there is none."""
        return next((path for path in self.newest_first() if _is_usable(path)), None)

    def write(self, connection: sqlite3.Connection) -> None:
        """Replace the older snapshot, by a rename once the new one is complete."""
        existing = self.newest_first()
        missing = [path for path in self._paths if path not in existing]
        target = missing[0] if missing else existing[-1]
        fresh = target.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(fresh),))
        fresh.replace(target)


def _is_usable(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return is_sound(connection)
    except sqlite3.Error:
        return False
