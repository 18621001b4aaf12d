"""The state file: the fleet, its counters, events and sessions, with snapshots."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

import structlog

from bridge.core.errors import DiskTrouble
from bridge.core.model import ChargerId, Event, SavedState, Session
from bridge.storage.database import (
    Damaged,
    Worker,
    connect,
    damage,
    set_aside,
    sound,
    transaction,
    translated,
)
from bridge.storage.state_rows import (
    KINDS,
    NEW_EVENT,
    NEW_SESSION,
    event_of,
    event_row,
    session_of,
    session_row,
    whole,
)

log = structlog.get_logger("state")

FILE = "state.db"
SNAPSHOTS = ("state.snapshot-1.db", "state.snapshot-2.db")
VERSION = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS chargers (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, charger TEXT NOT NULL, kind TEXT NOT NULL,
    code INTEGER NOT NULL, text TEXT NOT NULL, device_time INTEGER);
CREATE INDEX IF NOT EXISTS events_of ON events (charger, id);
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY, charger TEXT NOT NULL, start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL, charging_s REAL NOT NULL, plugged_s REAL NOT NULL,
    energy_wh REAL NOT NULL, peak_a REAL NOT NULL, peak_w REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_of ON sessions (charger, id);
CREATE TABLE IF NOT EXISTS told (id INTEGER PRIMARY KEY, line BLOB NOT NULL)
"""
CLEAN = "clean"
MOST_HISTORY = 1_000_000
NOTHING: Mapping[str, str] = {}
T = TypeVar("T")


class StateFile:
    """Saves in one transaction; falls back to its last good snapshot when damaged."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._snapshots = [folder / name for name in SNAPSHOTS]
        self._worker = Worker("state")
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._fell_back = False
        self.loaded: dict[str, SavedState] = {}
        """What is kept of each charger, as it was when the file was opened."""
        self.pending: list[bytes] = []
        """Lines of events and sessions that the journal may lack, at that time."""
        self.meta: dict[str, str] = {}
        self.clean = False
        """The last run closed the file well, so that nothing later was shown to anyone."""

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Open or create. Raises DiskTrouble, or CannotStart for a newer bridge's file."""
        state = cls(folder)
        await state._worker.do(state._open)
        return state

    async def save(
        self,
        *,
        chargers: Mapping[ChargerId, SavedState | None] = {},  # never changed
        events: Sequence[Event] = (),
        sessions: Sequence[Session] = (),
        pending: Sequence[bytes] | None = None,
        meta: Mapping[str, str] = NOTHING,
    ) -> None:
        """All or nothing; None deletes a charger. Raises DiskTrouble.

        `pending` takes the place of the lines that were kept.

        A file that proves damaged is set aside, and its last snapshot takes this instead.
        """
        kept = [(id_, body) for id_, body in chargers.items() if body is not None]
        gone = [(id_,) for id_, body in chargers.items() if body is None]
        self.meta.update(meta)

        def work(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                # JSON is made here, in the worker's thread.
                connection.executemany(
                    "INSERT OR REPLACE INTO chargers VALUES (?, ?)",
                    ((id_, json.dumps(body)) for id_, body in kept),
                )
                connection.executemany("DELETE FROM chargers WHERE id = ?", gone)
                connection.executemany(NEW_EVENT, map(event_row, events))
                connection.executemany(NEW_SESSION, map(session_row, sessions))
                connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
                if pending is not None:
                    connection.execute("DELETE FROM told")
                    connection.executemany("INSERT INTO told (line) VALUES (?)", zip(pending))

        await self._worker.do(lambda: self._do(work))

    async def events(
        self, *, since_ms: int | None, limit: int, charger: str | None, before: int | None
    ) -> tuple[list[Event], int | None]:
        """A page of events, newest first, and the cursor of the next page."""
        page = await self._page("events", "time_ms", since_ms, limit, charger, before)
        known = [row for row in page[:limit] if row[3] in KINDS]
        return [event_of(row) for row in known], _next(page, limit)

    async def sessions(
        self, *, since_ms: int | None, limit: int, charger: str | None, before: int | None
    ) -> tuple[list[Session], int | None]:
        """A page of sessions, newest first, and the cursor of the next page."""
        page = await self._page("sessions", "end_ms", since_ms, limit, charger, before)
        return [session_of(row) for row in page[:limit]], _next(page, limit)

    async def trim(self, now_ms: int, keep: timedelta) -> None:
        """Let go of events and sessions that are too old, or too many."""
        oldest = now_ms - int(keep.total_seconds() * 1000)

        def work(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                for table, column in (("events", "time_ms"), ("sessions", "end_ms")):
                    connection.execute(
                        f"DELETE FROM {table} WHERE {column} < ? OR id <="
                        f" (SELECT max(id) FROM {table}) - ?",
                        (oldest, MOST_HISTORY),
                    )

        await self._worker.do(lambda: self._do(work))

    async def snapshot(self) -> None:
        """Replace the older of the two snapshots; a half one never takes its place."""
        await self._worker.do(lambda: self._do(self._snapshot))

    async def close(self, *, clean: bool) -> None:
        """Close the file; `clean` says that all of this run is in it."""
        if self._closed:
            return
        self._closed = True
        # What was saved between the snapshot and the damage is not in the file.
        if clean and not self._fell_back:
            try:
                await self.save(meta={CLEAN: "1"})
            except DiskTrouble as trouble:
                log.error("state.not_marked_clean", why=str(trouble))
        await self._worker.do(self._shut)
        await self._worker.close()

    async def _page(
        self, table: str, column: str, since_ms: int | None, limit: int, charger: str | None,
        before: int | None,
    ) -> list[tuple[object, ...]]:  # fmt: skip
        wheres = {f"{column} >= ?": since_ms, "charger = ?": charger, "id < ?": before}
        given = {where: value for where, value in wheres.items() if value is not None}
        query = (
            f"SELECT * FROM {table} WHERE {' AND '.join(['1', *given])} ORDER BY id DESC LIMIT ?"
        )

        def work(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
            return connection.execute(query, (*given.values(), limit + 1)).fetchall()

        return await self._worker.do(lambda: self._do(work))

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In the worker's thread, like all below."""
        with translated(self._path):
            try:
                return work(self._connected())
            except sqlite3.DatabaseError as error:
                if not damage(error):
                    raise
                self._fall_back(str(error))
            return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, SCHEMA, VERSION)
        return self._connection

    def _open(self) -> None:
        whole = False
        if self._path.exists() or not self._newest_first():
            with contextlib.suppress(Damaged):
                whole = sound(self._connected())
        if not whole:
            self._fall_back("it is no sound database, or gone")
            self._fell_back = False

        def load(connection: sqlite3.Connection) -> None:
            rows = connection.execute("SELECT id, body FROM chargers")
            self.loaded = {
                ChargerId(id_): body for id_, text in rows if (body := _body(text)) is not None
            }
            self.pending = [
                line for (line,) in connection.execute("SELECT line FROM told ORDER BY id")
            ]
            self.meta = dict(connection.execute("SELECT key, value FROM meta"))
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, '0')", (CLEAN,))

        self._do(load)
        self.clean = whole and self.meta.get(CLEAN) == "1"

    def _fall_back(self, why: str) -> None:
        """Set the file aside, and go on from the newest snapshot that is whole."""
        self._shut()
        self._fell_back = True
        aside = set_aside(self._path)
        good = next((each for each in self._newest_first() if _usable(each)), None)
        if good is not None:
            shutil.copyfile(good, self._path)
        log.error(
            "state.damaged", why=why, set_aside=str(aside),
            goes_on_from=str(good) if good else "nothing: the fleet is learned anew",
        )  # fmt: skip

    def _newest_first(self) -> list[Path]:
        there = [path for path in self._snapshots if path.exists()]
        return sorted(there, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def _snapshot(self, connection: sqlite3.Connection) -> None:
        there = self._newest_first()
        missing = [path for path in self._snapshots if path not in there]
        target = missing[0] if missing else there[-1]
        fresh = target.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(fresh),))
        fresh.replace(target)

    def _shut(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _body(text: str) -> SavedState | None:
    """A charger's body; None, and a line in the log, for one that cannot be read."""
    try:
        body = json.loads(text)
    except (ValueError, TypeError):
        body = None
    if isinstance(body, dict):
        return body
    log.error("state.charger_spoiled", body=str(text)[:120])
    return None


def _next(page: Sequence[Sequence[object]], limit: int) -> int | None:
    return whole(page[limit - 1][0]) if len(page) > limit else None


def _usable(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return sound(connection)
    except sqlite3.Error:
        return False
