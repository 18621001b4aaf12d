"""The state file: saved whole or not at all, and never without something to fall back to."""

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.clock import Unix
from bridge.core.errors import CannotStart
from bridge.core.model import ChargerId, Event, EventKind, SavedState, Session
from bridge.storage.state_file import STATE_FORMAT, StateFile

ONE, TWO = ChargerId("one"), ChargerId("two")
NEWER = f"PRAGMA user_version = 99; PRAGMA application_id = {STATE_FORMAT.mark + 99}"


def event(n: int, charger: ChargerId = ONE) -> Event:
    return Event(charger, Unix(1000.5 + n), EventKind.STATE, n, f"text {n}", None)


def session(n: int) -> Session:
    return Session(ONE, Unix(1000.0 + n), Unix(2000.0 + n), 60.0, 90.0, 1234.5, 16.0, 3680.0)


async def reopened(state: StateFile, folder: Path, *, clean: bool = True) -> StateFile:
    await state.close(clean=clean)
    return await StateFile.open(folder)


async def test_what_is_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    saved: SavedState = {"base": "charger/one", "energy": [1.5, 0.0, 7.0, 1.5], "faults": {"6": 1}}
    await state.save(chargers={ONE: saved, TWO: {}}, meta={"client_id": "x"})
    again = await reopened(state, tmp_path)
    assert again.loaded == {"one": saved, "two": {}}
    assert again.meta["client_id"] == "x"
    await again.close(clean=True)


async def test_a_deleted_charger_is_not_loaded_again(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: {"a": 1}, TWO: {}})
    await state.save(chargers={ONE: None})
    again = await reopened(state, tmp_path)
    assert again.loaded == {"two": {}}
    await again.close(clean=True)


@pytest.mark.parametrize("clean", [True, False])
async def test_a_clean_end_is_told_apart_from_a_crash(tmp_path: Path, clean: bool) -> None:
    again = await reopened(await StateFile.open(tmp_path), tmp_path, clean=clean)
    assert again.clean is clean
    await again.close(clean=False)
    third = await StateFile.open(tmp_path)
    assert third.clean is False
    await third.close(clean=False)


async def test_events_come_newest_first_page_by_page(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(n) for n in range(5)])
    first, after = await state.history.events(since_ms=None, limit=2, charger=None, before=None)
    assert [e.code for e in first] == [4, 3]
    second, after = await state.history.events(since_ms=None, limit=2, charger=None, before=after)
    assert [e.code for e in second] == [2, 1]
    last, after = await state.history.events(since_ms=None, limit=2, charger=None, before=after)
    assert ([e.code for e in last], after) == ([0], None)
    assert last[0] == event(0)
    await state.close(clean=True)


async def test_events_can_be_asked_for_by_charger_and_time(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(1), event(2, TWO), event(3)])
    of_two, _ = await state.history.events(since_ms=None, limit=9, charger="two", before=None)
    late, _ = await state.history.events(since_ms=1_003_000, limit=9, charger=None, before=None)
    assert ([e.code for e in of_two], [e.code for e in late]) == ([2], [3])
    await state.close(clean=True)


async def test_sessions_are_loaded_as_they_were_saved(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(sessions=[session(1), session(2)])
    rows, after = await state.history.sessions(since_ms=None, limit=1, charger="one", before=None)
    assert rows == [session(2)]
    assert after is not None
    await state.close(clean=True)


async def test_a_save_that_fails_changes_nothing(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: {"a": 1}})
    bad = Event(ONE, Unix(1.0), EventKind.STATE, 2**80)
    with pytest.raises(OverflowError):
        await state.save(chargers={ONE: {"a": 2}}, events=[bad])
    again = await reopened(state, tmp_path)
    assert again.loaded == {"one": {"a": 1}}
    await again.close(clean=True)


@pytest.mark.parametrize("damage", ["garbage", "header", "middle", "truncated"])
async def test_a_damaged_file_falls_back_to_the_last_snapshot(tmp_path: Path, damage: str) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ChargerId(f"c{n}"): {"pad": "x" * 500} for n in range(500)})
    await state.snapshot()
    await state.save(chargers={ChargerId("late"): {}})
    await state.close(clean=True)
    path = tmp_path / "state.db"
    good = path.read_bytes()
    half = len(good) // 2
    path.write_bytes({
        "garbage": b"garbage" * 999,
        "header": b"\0" * 100 + good[100:],
        "middle": good[:half] + b"\xff" * 20_000 + good[half + 20_000 :],
        "truncated": good[:half],
    }[damage])  # fmt: skip
    again = await StateFile.open(tmp_path)
    assert len(again.loaded) == 500
    assert again.clean is False
    assert len(list(tmp_path.glob("state.db.damaged-*"))) == 1
    await again.close(clean=True)


async def test_a_damaged_snapshot_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: {"n": 1}})
    await state.snapshot()
    await state.save(chargers={ONE: {"n": 2}})
    await state.snapshot()
    await state.close(clean=True)
    (tmp_path / "state.snapshot-2.db").write_bytes(b"garbage" * 999)
    (tmp_path / "state.db").write_bytes(b"garbage" * 999)
    again = await StateFile.open(tmp_path)
    assert again.loaded == {"one": {"n": 1}}
    await again.close(clean=True)


async def test_without_any_snapshot_a_damaged_file_begins_empty(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"garbage" * 999)
    state = await StateFile.open(tmp_path)
    assert state.loaded == {}
    await state.close(clean=True)


async def test_snapshots_take_turns(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    names = []
    for n in range(4):
        await state.save(chargers={ONE: {"n": n}})
        await state.snapshot()
        newest = max(tmp_path.glob("state.snapshot-*"), key=lambda p: p.stat().st_mtime_ns)
        names.append(newest.name)
    assert names == [f"state.snapshot-{n}.db" for n in (1, 2, 1, 2)]
    assert list(tmp_path.glob("*.new")) == []
    await state.close(clean=True)


async def test_old_history_is_deleted(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[event(0), event(100_000)], sessions=[session(0), session(100_000)])
    await state.trim(101_000_000, timedelta(seconds=3600))
    events, _ = await state.history.events(since_ms=None, limit=9, charger=None, before=None)
    sessions, _ = await state.history.sessions(since_ms=None, limit=9, charger=None, before=None)
    assert ([e.code for e in events], sessions) == ([100_000], [session(100_000)])
    await state.close(clean=True)


async def test_a_newer_bridges_state_is_left_alone(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.executescript(NEWER)
    with pytest.raises(CannotStart, match="newer"):
        await StateFile.open(tmp_path)
    assert list(tmp_path.glob("*.damaged-*")) == []


async def test_lines_that_wait_for_the_journal_are_there_after_a_restart(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(pending=[b"one", b"two"])
    await state.save(events=[event(1)])
    await state.close(clean=False)
    state = await StateFile.open(tmp_path)
    assert state.pending == [b"one", b"two"]
    await state.save(pending=[])
    await state.close(clean=True)
    state = await StateFile.open(tmp_path)
    assert state.pending == []
    await state.close(clean=True)
