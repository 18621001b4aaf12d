"""The state file: the fleet, its counters, events and sessions; with snapshots."""

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
from bridge.storage.database import Worker, connect, is_sound, set_aside, transaction, translated
from bridge.storage.format import Damaged, Format
from bridge.storage.history import add_indexes, trim_history
from bridge.storage.history_reader import HistoryReader
from bridge.storage.snapshots import SnapshotFiles
from bridge.storage.state_rows import (
    NEW_EVENT,
    NEW_SESSION,
    event_row,
    session_row,
)

log = structlog.get_logger("state")

FILE = "state.db"
SCHEMA = """
CREATE TABLE chargers (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, charger TEXT NOT NULL, kind TEXT NOT NULL,
    code INTEGER NOT NULL, text TEXT NOT NULL, device_time INTEGER);
CREATE INDEX events_of ON events (charger, id);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, charger TEXT NOT NULL, start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL, charging_s REAL NOT NULL, plugged_s REAL NOT NULL,
    energy_wh REAL NOT NULL, peak_a REAL NOT NULL, peak_w REAL NOT NULL,
    doubtful INTEGER NOT NULL DEFAULT 0);
CREATE INDEX sessions_of ON sessions (charger, id);
CREATE TABLE told (id INTEGER PRIMARY KEY, line BLOB NOT NULL)
"""
STATE_FORMAT = Format(
    SCHEMA,
    version=3,
    steps={
        1: "CREATE TABLE told (id INTEGER PRIMARY KEY, line BLOB NOT NULL)",
        2: "ALTER TABLE sessions ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0",
    },
    mark=0x6E66_5300,
)
CLEAN = "clean"
NOTHING: Mapping[str, str] = {}
T = TypeVar("T")


class StateFile:
    """Saves in one transaction; falls back to its last good snapshot when damaged."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._snapshots = SnapshotFiles(folder, STATE_FORMAT)
        self._worker = Worker("state")
        self.history = HistoryReader(self._path, self._run)
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._fell_back = False
        self.loaded: dict[str, SavedState] = {}
        """The saved state of each charger, as of when the file was opened."""
        self.pending: list[bytes] = []
        """Lines of events and sessions that may not be in the journal, as of then."""
        self.meta: dict[str, str] = {}
        self.clean = False
        """The last run closed the file cleanly, so that no later values were exposed."""

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Open or create. Raises DiskTrouble, or CannotStart for a newer bridge's file."""
        state = cls(folder)
        await state._worker.run(state._open)
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
        """Save in one transaction; None deletes a charger. Raises DiskTrouble.

        `pending` replaces the lines that were saved before.

        A file that turns out to be damaged is set aside, and this is saved to its last snapshot.
        """
        saved = [(id_, body) for id_, body in chargers.items() if body is not None]
        deleted = [(id_,) for id_, body in chargers.items() if body is None]
        self.meta.update(meta)

        def work(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                # JSON is encoded here, in the worker's thread.
                connection.executemany(
                    "INSERT OR REPLACE INTO chargers VALUES (?, ?)",
                    ((id_, json.dumps(body)) for id_, body in saved),
                )
                connection.executemany("DELETE FROM chargers WHERE id = ?", deleted)
                connection.executemany(NEW_EVENT, map(event_row, events))
                connection.executemany(NEW_SESSION, map(session_row, sessions))
                connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
                if pending is not None:
                    connection.execute("DELETE FROM told")
                    connection.executemany("INSERT INTO told (line) VALUES (?)", zip(pending))

        await self._worker.run(lambda: self._do(work))

    async def trim(self, unix_ms: int, keep: timedelta) -> None:
        """Delete events and sessions that are too old, or too many."""
        await self._worker.run(
            lambda: self._do(lambda connection: trim_history(connection, unix_ms, keep))
        )

    async def snapshot(self) -> None:
        """Replace the older of the two snapshots, by a rename once the new one is complete."""
        await self._worker.run(lambda: self._do(self._snapshots.write))

    async def close(self, *, clean: bool) -> None:
        """Close the file; `clean`: everything of this run is in it."""
        if self._closed:
            return
        self._closed = True
        # What was saved between the snapshot and the damage is missing from the file.
        if clean and not self._fell_back:
            try:
                await self.save(meta={CLEAN: "1"})
            except DiskTrouble as trouble:
                log.error("state.not_marked_clean", why=str(trouble))
        await self.history.close()
        await self._worker.run(self._disconnect)
        await self._worker.close()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._worker.run(lambda: self._do(work))

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs in the worker's thread, like all methods below."""
        try:
            with translated(self._path):
                return work(self._connected())
        except Damaged as damage:
            with translated(self._path):
                self._fall_back(str(damage))
                return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, STATE_FORMAT)
        return self._connection

    def _open(self) -> None:
        intact = False
        if self._path.exists() or not self._snapshots.newest_first():
            with contextlib.suppress(Damaged):
                intact = is_sound(self._connected())
        if not intact:
            self._fall_back("the file is damaged or missing")
            self._fell_back = False

        def load(connection: sqlite3.Connection) -> None:
            rows = connection.execute("SELECT id, body FROM chargers")
            self.loaded = {
                ChargerId(str(id_)): body
                for id_, text in rows
                if (body := _parse_body(text)) is not None
            }
            lines = connection.execute("SELECT line FROM told ORDER BY id")
            self.pending = [line for (line,) in lines if isinstance(line, bytes)]
            meta = connection.execute("SELECT key, value FROM meta")
            self.meta = {str(key): str(value) for key, value in meta}
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, '0')", (CLEAN,))

        self._do(load)
        try:
            self._do(add_indexes)
        except DiskTrouble as trouble:
            log.warning("state.not_indexed", why=str(trouble))
        self.clean = intact and self.meta.get(CLEAN) == "1"

    def _fall_back(self, why: str) -> None:
        """Set the file aside, and continue from the newest sound snapshot."""
        self._disconnect()
        self._fell_back = True
        aside = set_aside(self._path)
        snapshot = self._snapshots.newest_sound()
        if snapshot is not None:
            shutil.copyfile(snapshot, self._path)
        log.error(
            "state.damaged", why=why, set_aside=str(aside),
            goes_on_from=str(snapshot) if snapshot else "nothing: the fleet is discovered again",
        )  # fmt: skip

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _parse_body(text: str) -> SavedState | None:
    """A charger's saved state; None, and a log line, for one that cannot be read."""
    try:
        body = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    log.error("state.charger_spoiled", body=str(text)[:120])
    return None
