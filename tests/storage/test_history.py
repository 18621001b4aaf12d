"""Pages of the history: each costs what it shows, and no commit waits for one."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bridge.storage.history import PageQuery, page_statement, read_page
from bridge.storage.state_file import SCHEMA, StateFile
from tests.storage.test_state_file import event, session

FAR = 4_102_444_800_000


@pytest.mark.parametrize("table", ["events", "sessions"])
@pytest.mark.parametrize(
    "query",
    [
        PageQuery(FAR, 100, None, None),
        PageQuery(FAR, 100, "one", None),
        PageQuery(None, 100, "one", 7),
        PageQuery(None, 100, None, None),
        PageQuery(0, 100, None, 7),
    ],
)
async def test_every_page_is_found_by_an_index(
    tmp_path: Path, table: str, query: PageQuery
) -> None:
    state = await StateFile.open(tmp_path)
    await state.close(clean=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        statement, values = page_statement(table, query)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert f"USING INDEX {table}_" in plan[0]
    assert not [step for step in plan if "TEMP B-TREE" in step]


async def test_a_folder_of_the_version_before_gains_the_indexes(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.executescript(f"{SCHEMA}; PRAGMA user_version = 3")
        connection.execute("INSERT INTO meta VALUES ('clean', '1')")
        connection.commit()
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(1)], sessions=[session(1)])
    await state.close(clean=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        version = connection.execute("PRAGMA user_version").fetchone()
    assert names >= {"events_at", "events_of_at", "sessions_at", "sessions_of_at"}
    assert version == (3,)


async def test_a_page_is_read_while_a_commit_holds_the_file(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(1)])
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        rows, _ = await state.history.events(since_ms=None, limit=9, charger=None, before=None)
        other.execute("ROLLBACK")
    assert [row.code for row in rows] == [1]
    await state.close(clean=True)


async def test_a_commit_does_not_wait_for_a_page(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(1), event(2)])
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        read_page(other, "events", PageQuery(None, 1, None, None))
        await state.save(events=[event(3)])
    rows, _ = await state.history.events(since_ms=None, limit=9, charger=None, before=None)
    assert [row.code for row in rows] == [3, 2, 1]
    await state.close(clean=True)


async def test_events_of_one_moment_are_on_one_page_each(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(1), event(1), event(0)])
    first, after = await state.history.events(since_ms=None, limit=1, charger=None, before=None)
    second, after = await state.history.events(since_ms=None, limit=1, charger=None, before=after)
    third, after = await state.history.events(since_ms=None, limit=1, charger=None, before=after)
    assert [row.code for row in (*first, *second, *third)] == [1, 1, 0]
    assert after is None
    await state.close(clean=True)
