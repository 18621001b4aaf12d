"""A lock on the data folder: one running bridge uses it at a time."""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from bridge.core.errors import CannotStart, FolderBusy

LOCK = "lock"


class FolderLock:
    """Locked while a bridge runs; the kernel releases it however the process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = -1

    def __enter__(self) -> Self:
        """Raises FolderBusy, or CannotStart where the folder cannot be written to."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise CannotStart(
                f"cannot write to the data folder {self._folder}: {error.strerror}; make it "
                "writable or set journal.dir (NOFOS_JOURNAL__DIR)"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = _pid(self._file)
            os.close(self._file)
            raise FolderBusy(str(self._folder), pid) from error
        # On a full disk the lock still works; only the pid is missing from it.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)


def holder(folder: Path) -> int | None:
    """The pid of the bridge that uses the folder, 0 where it is unknown; None where none does.

    Raises OSError where the lock cannot be read.
    """
    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        # Shared, and released at once: it does not disturb the bridge that has the lock.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(file)
    finally:
        os.close(file)
    return None


def _pid(file: int) -> int:
    pid = os.read(file, 20).strip()
    return int(pid) if pid.isdigit() else 0
