"""A SQLite file: opened with durable settings, brought up to date, used by one thread."""

import asyncio
import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import TypeVar
from urllib.parse import quote

import structlog

from bridge.core.errors import DiskTrouble
from bridge.storage.format import Damaged, Format, read_version

log = structlog.get_logger("storage")

_TROUBLE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
}  # fmt: skip
"""Errors of the system around a file; all others come from its content, since our own statements
are right."""
MOST_MS = 253_402_300_799_999
"""The last time that can be shown, of the year 9999, in Unix milliseconds."""
_SIDES = ("", "-wal", "-shm")
T = TypeVar("T")


def connect(path: Path, form: Format) -> sqlite3.Connection:
    """Open or create; raises Damaged, DiskTrouble, or CannotStart for a newer version."""
    with translated(path):
        clear_the_way(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            _prepare(connection, path, form)
        except BaseException:
            connection.close()
            raise
    return connection


def open_readonly(path: Path) -> sqlite3.Connection | None:
    """A read-only connection; None where there is no such file."""
    with translated(path):
        if not path.exists():
            return None
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5, check_same_thread=False
        )
    connection.text_factory = _text
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, form: Format) -> None:
    if path.stat().st_size == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 4000000")
    # A short log: until a checkpoint its content takes space twice.
    connection.execute("PRAGMA wal_autocheckpoint = 256")
    # A text that is no UTF-8 is the loss of its row alone.
    connection.text_factory = _text
    found = read_version(connection, path, form)
    if found < form.version and found:
        _keep_copy(connection, path, found)
    marks = (
        f"PRAGMA user_version = {form.version}; PRAGMA application_id = {form.mark + form.version}"
    )
    if found < form.version:
        connection.executescript(f"BEGIN; {form.statements(found)}; {marks}; COMMIT")
    elif connection.execute("PRAGMA application_id").fetchone()[0] != form.mark + form.version:
        connection.executescript(f"BEGIN; {marks}; COMMIT")


def _text(encoded: bytes) -> str:
    return encoded.decode(errors="replace")


def _keep_copy(connection: sqlite3.Connection, path: Path, found: int) -> None:
    """Keep the file as it is beside it, in place of earlier copies; without room for it, the
    bridge starts all the same."""
    copy = path.with_name(f"{path.name}.format-{found}")
    fresh = path.with_name(f"{copy.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        _vacuum_into(connection, fresh)
        fresh.replace(copy)
    except (sqlite3.OperationalError, OSError) as error:
        log.warning("format.not_copied", file=path.name, format=found, why=str(error))
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        return
    log.info("format.copied", file=path.name, format=found, copy=copy.name)
    for earlier in path.parent.glob(f"{path.name}.format-*"):
        if earlier != copy:
            earlier.unlink(missing_ok=True)


def _vacuum_into(connection: sqlite3.Connection, target: Path) -> None:
    connection.execute("VACUUM INTO ?", (str(target),))


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the file's structure passes SQLite's check, which reads all of it."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its log; returns the new name."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for side in _SIDES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + side).rename(f"{aside}{side}")
    return aside


def clear_the_way(path: Path) -> None:
    """Rename what stands in a database's place and is no file: a folder, a pipe, a broken link."""
    places = [path.with_name(path.name + side) for side in _SIDES]
    if any(not is_absent_or_regular(each) for each in places):
        log.error("file.replaced", file=path.name, set_aside=str(set_aside(path)))


def is_absent_or_regular(path: Path) -> bool:
    """Whether there is nothing of this name, or a regular file, perhaps behind a link."""
    try:
        return S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return not path.is_symlink()
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, so that a retry will not help."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
    return code & 0xFF not in _TROUBLE


def is_full(error: sqlite3.Error) -> bool:
    """Whether there is no space left on the disk."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
    return code & 0xFF == sqlite3.SQLITE_FULL


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise SQLite's and the system's errors as Damaged or DiskTrouble."""
    try:
        yield
    except sqlite3.Error as error:
        kind = Damaged if is_damage(error) or _header_forbids(error, path) else DiskTrouble
        raise kind(f"{path.name}: {error}") from error
    except OSError as error:
        raise DiskTrouble(f"{path.name}: {error.strerror or error}") from error


def _header_forbids(error: sqlite3.Error, path: Path) -> bool:
    """Whether a file that the system lets us write is read-only by its own content."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
    return code & 0xFF == sqlite3.SQLITE_READONLY and path.exists() and os.access(path, os.W_OK)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that is on disk when the block ends, and rolled back if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


class Worker:
    """The one thread that touches a file; the event loop never waits for the disk."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        # Now: where no thread can start, the pool would keep the work, and do it twice later.
        self._pool.submit(lambda: None)

    async def run(self, work: Callable[[], T]) -> T:
        """Run the work in the thread, after the work that was submitted before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self) -> None:
        """Wait for the submitted work, without blocking the event loop."""
        await asyncio.to_thread(self._pool.shutdown)
