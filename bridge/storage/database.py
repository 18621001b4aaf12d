"""A SQLite file: opened with durable settings, set aside when damaged, used by one thread."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bridge.core.errors import CannotStart, DiskTrouble

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SIDES = ("", "-wal", "-shm")
T = TypeVar("T")


class Damaged(DiskTrouble):
    """The file is no longer a database, or is not the one that the bridge wrote."""


def connect(path: Path, schema: str, version: int) -> sqlite3.Connection:
    """Open or create; raises Damaged, DiskTrouble, or CannotStart for a newer version."""
    with translated(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            _prepare(connection, path, schema, version)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, schema: str, version: int) -> None:
    if path.stat().st_size == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 4000000")
    # A short log: until a checkpoint its content takes space twice.
    connection.execute("PRAGMA wal_autocheckpoint = 256")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > version:
        raise CannotStart(
            f"{path} was written by a newer bridge (format {found}, this one knows {version}); "
            "run that version, or set another journal.dir"
        )
    if found < version:
        connection.executescript(f"BEGIN; {schema}; PRAGMA user_version = {version}; COMMIT")


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


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, so that a retry will not help."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
    return code & 0xFF in _DAMAGE


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
        kind = Damaged if is_damage(error) else DiskTrouble
        raise kind(f"{path.name}: {error}") from error
    except OSError as error:
        raise DiskTrouble(f"{path.name}: {error.strerror or error}") from error


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

    async def run(self, work: Callable[[], T]) -> T:
        """Run the work in the thread, after the work that was submitted before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self) -> None:
        """Wait for the submitted work, without blocking the event loop."""
        await asyncio.to_thread(self._pool.shutdown)
