"""Whatever a row or a mark of a file holds is its own loss; the rest goes on."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from bridge.core.errors import CannotStart
from bridge.core.output.batch import Backlog
from bridge.storage.folder_lock import FolderLock
from bridge.storage.journal_sql import JOURNAL_FORMAT
from bridge.storage.state_file import STATE_FORMAT, StateFile
from bridge.web.api import event_view
from tests.storage.fuzz import LINES, ROWS, batch_of, delivered, open_journal, use, write_folder


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    await write_folder(place, tmp_path / "killed")
    return place


def change(folder: Path, file: str, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / file)) as db:
        db.executescript(f"PRAGMA writable_schema = 1; {statement}")


WHOLE = ROWS * LINES - ROWS // 2 * LINES
"""The lines behind the first store's cursor."""


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE points SET body = 'text' WHERE id = 30", WHOLE - LINES),
        ("UPDATE points SET counts = x'78' WHERE id = 30", WHOLE - LINES),
        ("UPDATE points SET points = 'many' WHERE id = 30", WHOLE - LINES),
        ("UPDATE points SET readings = x'ff' WHERE id = 30", WHOLE - LINES),
        ("UPDATE points SET readings = 9e99 WHERE id = 30", WHOLE - LINES),
        ("UPDATE points SET first_ms = 'then' WHERE id = 30", WHOLE - LINES),
        ("UPDATE points SET last_ms = 9223372036854775807 WHERE id = 30", WHOLE - LINES),
        ("UPDATE cursors SET row = 'far' WHERE store = 'main'", ROWS * LINES),
        ("UPDATE cursors SET row = 4611686018427387904 WHERE store = 'main'", ROWS * LINES),
        ("UPDATE cursors SET row = -5 WHERE store = 'main'", ROWS * LINES),
        ("UPDATE sqlite_sequence SET seq = 9223372036854775807", WHOLE),
        ("UPDATE sqlite_sequence SET seq = 'x'", WHOLE),
        ("DELETE FROM sqlite_sequence", WHOLE),
        ("UPDATE refused SET reason = x'ffff', line = 3.5", WHOLE),
        ("PRAGMA user_version = 0", WHOLE),
        ("PRAGMA user_version = 99", WHOLE),
        ("PRAGMA application_id = 7", WHOLE),
        ("DROP TABLE cursors", 0),
        ("DELETE FROM sqlite_master", 0),
    ],
)
async def test_a_journal_loses_what_is_damaged_alone(
    folder: Path, statement: str, left: int
) -> None:
    change(folder, "points.db", statement)
    journal = await open_journal(folder, [])
    assert len([line async for line in delivered(journal, "main")]) == left
    assert journal.backlog("main").points == journal.backlog("main").readings == 0
    await journal.append(batch_of(ROWS))
    assert [line async for line in delivered(journal, "main")] == list(batch_of(ROWS).lines)
    await journal.close()


async def test_the_lost_part_of_a_row_that_lies_about_itself_is_told(folder: Path) -> None:
    change(folder, "points.db", "UPDATE points SET points = 7, readings = 3 WHERE id = 30")
    lost: list[Backlog] = []
    journal = await open_journal(folder, lost)
    before = journal.backlog("main")
    found = [line async for line in delivered(journal, "main")]
    assert len(found) == WHOLE - LINES
    assert before.points - sum(each.points for each in lost) == len(found)
    assert journal.backlog("main").points == journal.backlog("main").readings == 0
    await journal.close()


@pytest.mark.parametrize(
    ("statement", "chargers", "client_id"),
    [
        ("UPDATE chargers SET body = cast(x'7b22c328' AS TEXT) WHERE id = 'c1'", 29, "nofos-1"),
        ("UPDATE chargers SET body = x'00ff' WHERE id = 'c1'", 29, "nofos-1"),
        ("UPDATE chargers SET body = '[1e999]' WHERE id = 'c1'", 29, "nofos-1"),
        ("UPDATE meta SET value = x'c328' WHERE key = 'more'", 30, "nofos-1"),
        ("INSERT INTO told (line) VALUES ('text'), (7)", 30, "nofos-1"),
        ("PRAGMA user_version = 0", 30, "nofos-1"),
        ("PRAGMA user_version = 2", 30, "nofos-1"),
        ("DROP TABLE events", 30, "nofos-1"),
        ("ALTER TABLE chargers RENAME COLUMN body TO b", 30, "nofos-1"),
        ("DELETE FROM sqlite_master", 30, "nofos-1"),
    ],
)
async def test_a_state_file_loses_what_is_damaged_alone(
    folder: Path, statement: str, chargers: int, client_id: str
) -> None:
    """What cannot be read at all comes from the snapshot."""
    change(folder, "state.db", statement)
    state = await StateFile.open(folder)
    assert len(state.loaded) == chargers
    assert state.meta["client_id"] == client_id
    assert all(isinstance(line, bytes) for line in state.pending)
    await state.close(clean=True)


@pytest.mark.parametrize("column", ["time_ms", "code", "device_time"])
@pytest.mark.parametrize("value", ["9223372036854775807", "-1", "x'ff'", "'text'", "1.5"])
async def test_a_damaged_event_keeps_no_page_from_being_shown(
    folder: Path, column: str, value: str
) -> None:
    change(folder, "state.db", f"UPDATE events SET {column} = {value} WHERE id = 3")
    state = await StateFile.open(folder)
    rows, _ = await state.history.events(since_ms=None, limit=100, charger=None, before=None)
    assert len([event_view(row) for row in rows]) == 30
    await state.close(clean=True)


@pytest.mark.parametrize("file", ["points.db", "state.db"])
async def test_a_newer_file_is_marked_twice_and_left_alone(folder: Path, file: str) -> None:
    form = STATE_FORMAT if file == "state.db" else JOURNAL_FORMAT
    change(folder, file, f"PRAGMA user_version = 99; PRAGMA application_id = {form.mark + 99}")
    before = (folder / file).read_bytes()
    opened = StateFile.open(folder) if file == "state.db" else open_journal(folder, [])
    with pytest.raises(CannotStart, match="written by a newer bridge"):
        await opened
    assert (folder / file).read_bytes() == before
    assert not list(folder.glob("*.damaged-*"))


def in_its_place(path: Path, what: str) -> None:
    path.unlink(missing_ok=True)
    match what:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a link to itself":
            path.symlink_to(path.name)
        case "a link to nothing":
            path.symlink_to("nothing")


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a link to itself", "a link to nothing"])
@pytest.mark.parametrize(
    "name",
    ["points.db", "points.db-wal", "state.db", "state.db-wal", "state.snapshot-1.db", "lock"],
)
async def test_what_is_no_file_is_set_aside(folder: Path, name: str, what: str) -> None:
    in_its_place(folder / name, what)
    with FolderLock(folder):
        await use(folder)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [("state.db", "points.db"), ("points.db", "state.db"), ("state.db", "points.db-wal"),
     ("points.db", "state.db-wal"), ("points.db", "state.snapshot-1.db")],
)  # fmt: skip
async def test_another_files_content_is_set_aside(folder: Path, wrong: str, place: str) -> None:
    shutil.copyfile(folder / wrong, folder / place)
    if place == "state.snapshot-1.db":
        (folder / "state.db").write_bytes(b"garbage" * 1000)
    await use(folder)


async def test_a_body_of_brackets_is_left_out(folder: Path) -> None:
    brackets = "[" * 100_000
    change(folder, "state.db", f"UPDATE chargers SET body = '{brackets}' WHERE id = 'c1'")
    state = await StateFile.open(folder)
    assert len(state.loaded) == 29
    await state.close(clean=True)


async def test_snapshots_of_a_newer_version_are_not_gone_back_to(folder: Path) -> None:
    for snapshot in folder.glob("state.snapshot-*.db"):
        newer = f"PRAGMA user_version = 99; PRAGMA application_id = {STATE_FORMAT.mark + 99}"
        change(folder, snapshot.name, newer)
    (folder / "state.db").write_bytes(b"garbage" * 1000)
    await use(folder)
