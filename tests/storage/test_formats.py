"""Files of earlier formats: brought up to date by steps, with a copy of what they were."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bridge.core.clock import Unix
from bridge.core.errors import DiskTrouble
from bridge.core.model import ChargerId, Session
from bridge.storage import database
from bridge.storage.database import connect
from bridge.storage.format import Format
from bridge.storage.state_file import StateFile

FORMAT_1 = """
CREATE TABLE chargers (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, charger TEXT NOT NULL, kind TEXT NOT NULL,
    code INTEGER NOT NULL, text TEXT NOT NULL, device_time INTEGER);
CREATE INDEX events_of ON events (charger, id);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, charger TEXT NOT NULL, start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL, charging_s REAL NOT NULL, plugged_s REAL NOT NULL,
    energy_wh REAL NOT NULL, peak_a REAL NOT NULL, peak_w REAL NOT NULL);
CREATE INDEX sessions_of ON sessions (charger, id);
PRAGMA user_version = 1;
"""
FORMAT_2 = f"""{FORMAT_1}
CREATE TABLE told (id INTEGER PRIMARY KEY, line BLOB NOT NULL);
PRAGMA user_version = 2;
"""
CONTENT = """
INSERT INTO chargers VALUES ('one', '{"energy": [1000.0, 5.0, 1790000000.0, 1005.0]}');
INSERT INTO meta VALUES ('clean', '1'), ('client_id', 'x');
INSERT INTO events (time_ms, charger, kind, code, text) VALUES (1000500, 'one', 'state', 3, 'c');
INSERT INTO sessions (charger, start_ms, end_ms, charging_s, plugged_s, energy_wh, peak_a, peak_w)
    VALUES ('one', 1000000, 2000000, 60.0, 90.0, 1234.5, 16.0, 3680.0);
"""
OLD = Session(
    ChargerId("one"), Unix(1000.0), Unix(2000.0), 60.0, 90.0, 1234.5, 16.0, 3680.0, doubtful=False
)
NEW = Session(
    ChargerId("one"), Unix(3000.0), Unix(4000.0), 60.0, 90.0, 99.0, 16.0, 3680.0, doubtful=True
)


def write_old(path: Path, schema: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema + CONTENT)


def version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def columns(path: Path, table: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("state.db.format-*"))


async def sessions_of(state: StateFile) -> list[Session]:
    rows, _ = await state.history.sessions(since_ms=None, limit=9, charger=None, before=None)
    return rows


@pytest.mark.parametrize(("schema", "number"), [(FORMAT_1, 1), (FORMAT_2, 2)])
async def test_a_file_of_an_earlier_format_opens_and_its_content_goes_on(
    tmp_path: Path, schema: str, number: int
) -> None:
    write_old(tmp_path / "state.db", schema)
    state = await StateFile.open(tmp_path)
    assert state.loaded == {"one": {"energy": [1000.0, 5.0, 1790000000.0, 1005.0]}}
    assert state.clean is True
    await state.save(sessions=[NEW], pending=[b"line"])
    assert await sessions_of(state) == [NEW, OLD]
    await state.close(clean=True)
    assert version(tmp_path / "state.db") == 3
    assert copies(tmp_path) == [f"state.db.format-{number}"]


async def test_the_copy_is_the_file_as_it_was(tmp_path: Path) -> None:
    write_old(tmp_path / "state.db", FORMAT_2)
    await (await StateFile.open(tmp_path)).close(clean=True)
    copy = tmp_path / "state.db.format-2"
    assert version(copy) == 2
    assert "doubtful" not in columns(copy, "sessions")
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone() == ("1",)


async def test_only_the_newest_copy_is_kept(tmp_path: Path) -> None:
    write_old(tmp_path / "state.db", FORMAT_2)
    (tmp_path / "state.db.format-1").write_bytes(b"an earlier copy")
    (tmp_path / "state.db.format-2").write_bytes(b"a copy before a downgrade")
    await (await StateFile.open(tmp_path)).close(clean=True)
    assert copies(tmp_path) == ["state.db.format-2"]
    assert version(tmp_path / "state.db.format-2") == 2


async def test_a_file_of_this_format_is_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        await (await StateFile.open(tmp_path)).close(clean=True)
    assert copies(tmp_path) == []


async def test_a_snapshot_of_an_earlier_format_is_fallen_back_to(tmp_path: Path) -> None:
    write_old(tmp_path / "state.snapshot-1.db", FORMAT_2)
    (tmp_path / "state.db").write_bytes(b"garbage" * 999)
    state = await StateFile.open(tmp_path)
    assert await sessions_of(state) == [OLD]
    await state.close(clean=True)
    assert version(tmp_path / "state.db") == 3


async def test_a_full_disk_prevents_the_copy_but_not_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: sqlite3.Connection, target: Path) -> None:
        target.write_bytes(b"half")
        raise sqlite3.OperationalError("database or disk is full")

    write_old(tmp_path / "state.db", FORMAT_2)
    monkeypatch.setattr(database, "_vacuum_into", full)
    state = await StateFile.open(tmp_path)
    assert await sessions_of(state) == [OLD]
    await state.close(clean=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.db"]


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    write_old(path, FORMAT_2)
    broken = Format("", 4, {2: "ALTER TABLE told ADD COLUMN more INTEGER", 3: "NOT SQL"}, 256)
    with pytest.raises(DiskTrouble):
        connect(path, broken)
    assert version(path) == 2
    assert "more" not in columns(path, "told")


def test_steps_are_taken_one_after_the_other_from_the_format_that_was_found(
    tmp_path: Path,
) -> None:
    path = tmp_path / "any.db"
    first = Format("CREATE TABLE t (a)", 1, {}, 256)
    connect(path, first).close()
    steps = {1: "ALTER TABLE t ADD COLUMN b", 2: "ALTER TABLE t RENAME COLUMN b TO c"}
    connect(path, Format("CREATE TABLE t (a, c)", 3, steps, 256)).close()
    assert (columns(path, "t"), version(path)) == (["a", "c"], 3)
    fresh = tmp_path / "fresh.db"
    connect(fresh, Format("CREATE TABLE t (a, c)", 3, steps, 256)).close()
    assert (columns(fresh, "t"), version(fresh)) == (["a", "c"], 3)
    assert not list(tmp_path.glob("fresh.db.format-*"))
