"""A file that is read again when it changes: secrets, credentials, labels, certificates."""

import os
from pathlib import Path
from stat import S_ISREG

Version = tuple[int, ...]
_NEVER: Version = ()


class NotRegular(OSError):
    """A folder, a pipe or a device: reading a pipe would wait for its writer."""


class TooLarge(OSError):
    """A file that is too large to read into memory."""


class WatchedFile:
    """One regular file of at most `longest` bytes; all calls block for the disk.

    A file that changed while it was read counts as changed again. With `patient`, a change
    counts once two checks in a row found the same version: the file may still be being written.
    """

    def __init__(self, path: Path, *, longest: int, patient: bool = False) -> None:
        self.path = path
        self._longest = longest
        self._patient = patient
        self._seen: Version | None = _NEVER
        self._read: Version | None = _NEVER

    def changed(self) -> bool:
        """Whether the file differs from what was read last, or was removed since."""
        seen, before = _version(self.path), self._seen
        self._seen = seen
        return seen != self._read and (seen == before or not self._patient)

    def read(self) -> bytes:
        """The content, which counts as read from now on. Raises OSError.

        A file that cannot be read for a lasting reason counts as read too, until it changes.
        """
        try:
            content, version = self._content()
        except (FileNotFoundError, PermissionError, NotRegular, TooLarge):
            self._read = self._seen = _version(self.path)
            raise
        self._read = self._seen = version
        return content

    def _content(self) -> tuple[bytes, Version | None]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not S_ISREG(status.st_mode):
                raise NotRegular(0, "not a file")
            if status.st_size > self._longest:
                raise TooLarge(0, f"over {self._longest} bytes")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(self._longest)
            whole = _numbers(os.fstat(descriptor)) == _numbers(status)
        finally:
            os.close(descriptor)
        return content, _numbers(status) if whole else _NEVER


def _version(path: Path) -> Version | None:
    """The file's version; None for a missing file."""
    try:
        return _numbers(path.stat())
    except OSError:
        return None


def _numbers(status: os.stat_result) -> Version:
    """What changes with the file; its inode too, for one that replaces it by a rename."""
    return (
        status.st_ino, status.st_dev, status.st_mtime_ns, status.st_ctime_ns, status.st_size
    )  # fmt: skip
