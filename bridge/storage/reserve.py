"""A few megabytes held back, for the hour in which the disk is full.

SQLite needs space even to delete. When a write finds the disk full, the reserve is let go,
so that delivered rows can make room and the stores' cursors can move on.
"""

import os
import shutil
from pathlib import Path

FILE = "reserve"
MOST_BYTES = 8_000_000
SHARE = 10
"""At most this part of the disk."""


class Reserve:
    """A file beside the journal; used by the journal's thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def hold(self) -> None:
        """Take the space, if it is not held and the disk has plenty; may raise OSError."""
        disk = shutil.disk_usage(self._path.parent)
        size = min(MOST_BYTES, disk.total // SHARE)
        if self._path.exists() or disk.free < 4 * size:
            return
        with self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def let_go(self) -> bool:
        """Give the space back; False where none was held."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True
