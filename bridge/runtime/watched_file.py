"""A file that is read again when it changes: secrets, credentials, labels, certificates."""

import os
from pathlib import Path
from stat import S_ISREG

Version = tuple[int, ...]
_NEVER: Version = ()


class NotRegular(OSError):
    """A folder, a pipe or a device: to read a pipe would wait for who writes to it."""


class TooLarge(OSError):
    """A file that would fill the memory."""


class WatchedFile:
    """One regular file of at most `longest` bytes; all calls block for the disk.

    What changed while it was read is read again at the next look. With `patient`, a change
    counts once two looks in a row saw the same: the file may be written just now.
    """

    def __init__(self, path: Path, *, longest: int, patient: bool = False) -> None:
        self.path = path
        self._longest = longest
        self._patient = patient
        self._seen: Version | None = _NEVER
        self._read: Version | None = _NEVER

    def changed(self) -> bool:
        """Whether the file is another than the one read last, or is gone since."""
        seen, before = _version(self.path), self._seen
        self._seen = seen
        return seen != self._read and (seen == before or not self._patient)

    def read(self) -> bytes:
        """The content, which counts as read from now on. Raises OSError.

        What cannot be read for a lasting reason counts as read too, until it changes.
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
    """None for a file that is not there."""
    try:
        return _numbers(path.stat())
    except OSError:
        return None


def _numbers(status: os.stat_result) -> Version:
    """What changes with the file; its number too, for one that is moved into its place."""
    return (
        status.st_ino, status.st_dev, status.st_mtime_ns, status.st_ctime_ns, status.st_size
    )  # fmt: skip
