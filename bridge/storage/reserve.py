"""A few megabytes of disk space in reserve, for when the disk is full.

SQLite needs space even to delete. When a write finds the disk full, the reserve is released,
so that delivered rows can be deleted and the stores' cursors can move.
"""

import os
import shutil
from pathlib import Path

FILE = "reserve"
MOST_BYTES = 8_000_000
SHARE = 10
"""At most one part in so many of the disk."""


class Reserve:
    """A file beside the journal; used by the journal's thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def allocate(self) -> None:
        """Allocate the space, if it is not yet and the disk has plenty; may raise OSError."""
        disk = shutil.disk_usage(self._path.parent)
        size = min(MOST_BYTES, disk.total // SHARE)
        if self._path.exists() or disk.free < 4 * size:
            return
        with self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def release(self) -> bool:
        """Return the space to the disk; False where none was allocated."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True
