"""A lock on the data folder: one running bridge uses it at a time.

The folder itself is locked, and the file `lock` in it, which names the process: who removes the
file does not open the folder to a second bridge.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from bridge.core.errors import CannotStart, FolderBusy
from bridge.storage.database import is_absent_or_regular, set_aside

log = structlog.get_logger("storage")

LOCK = "lock"


class FolderLock:
    """Locked while a bridge runs; the kernel releases it however the process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = self._folder_file = -1

    def __enter__(self) -> Self:
        """Raises FolderBusy, or CannotStart where the folder cannot be written to."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(self._folder)
            self._folder_file = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            if not is_absent_or_regular(self._folder / LOCK):
                # The folder itself is locked; what stands here is not ours.
                set_aside(self._folder / LOCK)
            self._file = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            self._close()
            raise CannotStart(
                f"cannot write to the data folder {self._folder}: {error.strerror}; make it "
                "writable or set journal.dir (NOFOS_JOURNAL__DIR)"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _lock_folder(self._folder_file)
        except BlockingIOError as error:
            pid = _pid(self._file)
            self._close()
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
        self._close()

    def _close(self) -> None:
        for file in (self._file, self._folder_file):
            if file >= 0:
                os.close(file)
        self._file = self._folder_file = -1


def _make_private(folder: Path) -> None:
    """What is in the folder is for the bridge's user alone; a folder that a container's system
    mounted may belong to another one, who has decided that."""
    with contextlib.suppress(PermissionError):
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)


def _lock_folder(file: int) -> None:
    """Raises BlockingIOError where another bridge has it; some network disks lock no folders."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        log.info("folder.not_locked", why=error.strerror)


def holder(folder: Path) -> int | None:
    """The pid of the bridge that uses the folder, 0 where it is unknown; None where none does.

    Raises OSError where the lock cannot be read.
    """
    for path in (folder / LOCK, folder):
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            # Shared, and released at once: it does not disturb the bridge that has the lock.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0 if path == folder else _pid(file)
        finally:
            os.close(file)
    return None


def _pid(file: int) -> int:
    pid = os.read(file, 20).strip()
    return int(pid) if pid.isdigit() else 0
