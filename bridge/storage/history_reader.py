"""Reads pages of events and sessions beside the state file's writer.

A connection and a thread of its own: however many visitors read the history, the commit of
readings never waits for them.
"""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from bridge.core.model import Event, Session
from bridge.storage.database import Worker, open_readonly, translated
from bridge.storage.format import Damaged
from bridge.storage.history import Page, PageQuery, read_page
from bridge.storage.state_rows import KINDS, read_event, read_session


class Repair(Protocol):
    """Does the work on the writer's connection, which replaces a damaged file."""

    def __call__(self, work: Callable[[sqlite3.Connection], Page]) -> Awaitable[Page]: ...


class HistoryReader:
    """Reads the history, and opens the file again where it was replaced."""

    def __init__(self, path: Path, repair: Repair) -> None:
        self._path = path
        self._repair = repair
        self._worker = Worker("history")
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    async def events(
        self, *, since_ms: int | None, limit: int, charger: str | None, before: int | None
    ) -> tuple[list[Event], int | None]:
        """A page of events, newest first, and the cursor of the next page."""
        rows, following = await self._page("events", PageQuery(since_ms, limit, charger, before))
        return [read_event(row) for row in rows if row[3] in KINDS], following

    async def sessions(
        self, *, since_ms: int | None, limit: int, charger: str | None, before: int | None
    ) -> tuple[list[Session], int | None]:
        """A page of sessions, newest first, and the cursor of the next page."""
        rows, following = await self._page("sessions", PageQuery(since_ms, limit, charger, before))
        return [read_session(row) for row in rows], following

    async def close(self) -> None:
        """Close the connection after the reads that were begun."""
        await self._worker.run(self._disconnect)
        await self._worker.close()

    async def _page(self, table: str, query: PageQuery) -> Page:
        try:
            return await self._worker.run(lambda: self._read(table, query))
        except Damaged:
            return await self._repair(lambda connection: read_page(connection, table, query))

    def _read(self, table: str, query: PageQuery) -> Page:
        """Runs in the worker's thread, like all methods below."""
        with translated(self._path):
            try:
                return read_page(self._connected(), table, query)
            except sqlite3.DatabaseError:
                self._disconnect()
                raise

    def _connected(self) -> sqlite3.Connection:
        inode = self._path.stat().st_ino
        if self._connection is not None and inode == self._inode:
            return self._connection
        self._disconnect()
        connection = open_readonly(self._path)
        if connection is None:
            raise FileNotFoundError(self._path)
        self._connection, self._inode = connection, inode
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
