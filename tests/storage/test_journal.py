"""The journal: nothing is lost, nothing is read twice, and it stays within its limits."""

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.errors import CannotStart, DiskTrouble, FolderBusy
from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage.folder_lock import FolderLock
from bridge.storage.journal import Journal
from bridge.storage.journal_sql import JOURNAL_FORMAT
from bridge.storage.readonly import refused_rows

DAY_MS = 86_400_000
NEWER = f"PRAGMA user_version = 99; PRAGMA application_id = {JOURNAL_FORMAT.mark + 99}"


class Losses:
    """Records the losses that the journal reports."""

    def __init__(self) -> None:
        self.readings: dict[str, int] = {}

    def __call__(self, store: str, lost: Backlog) -> None:
        self.readings[store] = self.readings.get(store, 0) + lost.readings


async def opened(
    folder: Path,
    *,
    stores: Sequence[str] = ("main",),
    keep: timedelta = timedelta(days=7),
    limit: int = 2_000_000_000,
    lost: Losses | None = None,
) -> Journal:
    return await Journal.open(
        folder, stores=stores, keep=keep, limit=limit, points_lost=lost or Losses()
    )


def batch_of(*lines: str, readings: int = 3, at: int = 1000) -> Batch:
    return Batch([line.encode() for line in lines], [readings] * len(lines), at, at)


async def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("a 1", "b 2"))
    await journal.append(batch_of("c 3"))
    batch = await journal.read("main", 5000)
    assert batch is not None
    assert batch.lines == [b"a 1", b"b 2", b"c 3"]
    assert batch.readings == [3, 3, 3]
    await journal.close()


async def test_a_batch_is_whole_rows_up_to_the_number_of_lines(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    for n in range(4):
        await journal.append(batch_of(f"a {n}", f"b {n}"))
    batch = await journal.read("main", 5)
    assert batch is not None
    assert len(batch.lines) == 4
    await journal.close()


async def test_a_row_that_is_larger_than_a_batch_is_read_whole(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("a", "b", "c"))
    batch = await journal.read("main", 2)
    assert batch is not None
    assert batch.lines == [b"a", b"b", b"c"]
    await journal.close()


async def test_what_an_earlier_run_may_not_have_appended_is_looked_up(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("a 1", "event 2"))
    assert await journal.missing([b"event 2", b"event 3"]) == [b"event 3"]
    assert await journal.missing([]) == []
    await journal.close()


async def test_the_backlog_shrinks_when_a_batch_is_acknowledged(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("a", "b", at=7000))
    assert journal.backlog("main") == Backlog(6, 2, 7000)
    batch = await journal.read("main", 10)
    assert batch is not None
    await journal.append(batch_of("c", at=8000))
    await journal.acknowledge("main", batch, [], 0)
    assert journal.backlog("main") == Backlog(3, 1, 8000)
    await journal.acknowledge("main", batch, [], 0)
    assert journal.backlog("main") == Backlog(3, 1, 8000)
    await journal.close()


async def test_a_journal_continues_where_it_was_after_a_restart(tmp_path: Path) -> None:
    first = await opened(tmp_path)
    await first.append(batch_of("a", at=5000))
    await first.append(batch_of("b", at=6000))
    batch = await first.read("main", 1)
    assert batch is not None
    await first.acknowledge("main", batch, [], 0)
    await first.close()
    second = await opened(tmp_path)
    assert second.backlog("main") == Backlog(3, 1, 6000)
    assert second.last_ms == 6000
    again = await second.read("main", 10)
    assert again is not None
    assert again.lines == [b"b"]
    await second.close()


async def test_a_batch_that_was_not_acknowledged_is_read_again_after_a_restart(
    tmp_path: Path,
) -> None:
    first = await opened(tmp_path)
    await first.append(batch_of("a"))
    await first.read("main", 10)
    await first.close()
    second = await opened(tmp_path)
    again = await second.read("main", 10)
    assert again is not None
    assert again.lines == [b"a"]
    await second.close()


async def test_each_store_has_a_cursor_of_its_own(tmp_path: Path) -> None:
    journal = await opened(tmp_path, stores=("main", "backup"))
    await journal.append(batch_of("a"))
    batch = await journal.read("main", 10)
    assert batch is not None
    await journal.acknowledge("main", batch, [], 0)
    assert await journal.read("main", 10) is None
    assert journal.backlog("backup").points == 1
    await journal.close()


async def test_a_new_store_receives_what_is_still_in_the_journal(tmp_path: Path) -> None:
    first = await opened(tmp_path, stores=())
    await first.append(batch_of("a"))
    await first.close()
    second = await opened(tmp_path, stores=("main",))
    assert second.backlog("main").points == 1
    await second.close()


async def test_refused_lines_are_stored_with_the_stores_reason(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("good", "bad"))
    batch = await journal.read("main", 10)
    assert batch is not None
    await journal.acknowledge("main", batch, [RefusedLine(b"bad", "no such type", 3)], 9000)
    row = refused_rows(tmp_path)[0]
    assert (row.store, row.time_ms, row.reason, row.line) == ("main", 9000, "no such type", b"bad")
    await journal.close()


async def test_delivered_rows_go_by_age(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, keep=timedelta(days=7), lost=losses)
    await journal.append(batch_of("old", at=DAY_MS))
    batch = await journal.read("main", 10)
    assert batch is not None
    await journal.acknowledge("main", batch, [], 0)
    await journal.append(batch_of("new", at=9 * DAY_MS))
    trimmed = await journal.trim(9 * DAY_MS)
    assert (trimmed.rows, losses.readings) == (1, {})
    left = await journal.read("main", 10)
    assert left is not None
    assert left.lines == [b"new"]
    await journal.close()


async def test_undelivered_rows_stay_however_old(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("old", at=DAY_MS))
    assert (await journal.trim(400 * DAY_MS)).rows == 0
    await journal.close()


def noise(n: int) -> str:
    """A line that hardly compresses."""
    return "".join(chr(33 + (hash((n, i)) % 90)) for i in range(2000))


async def fill(journal: Journal, first: int, rows: int) -> None:
    for n in range(first, first + rows):
        await journal.append(batch_of(*(noise(n * 10 + i) for i in range(10)), at=n))


async def test_the_size_limit_deletes_delivered_rows_first(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, limit=1_000_000, lost=losses)
    await fill(journal, 1, 40)
    batch = await journal.read("main", 300)
    assert batch is not None
    await journal.acknowledge("main", batch, [], 0)
    await fill(journal, 41, 20)
    await journal.trim(60)
    assert losses.readings == {}
    assert journal.backlog("main").points == 300
    await journal.close()


async def test_the_size_limit_deletes_undelivered_rows_only_when_it_must(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, limit=600_000, lost=losses)
    await fill(journal, 1, 100)
    before = journal.backlog("main")
    trimmed = await journal.trim(100)
    after = journal.backlog("main")
    assert journal.used_bytes <= 600_000
    assert trimmed.lost["main"].readings == before.readings - after.readings > 0
    assert losses.readings == {"main": before.readings - after.readings}
    assert after.oldest_ms == 100 - after.points // 10 + 1
    await journal.close()


async def test_a_batch_in_delivery_is_not_trimmed(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, limit=600_000, lost=losses)
    await fill(journal, 1, 100)
    batch = await journal.read("main", 50)
    assert batch is not None
    await journal.trim(100)
    left = journal.backlog("main")
    await journal.acknowledge("main", batch, [], 0)
    assert losses.readings["main"] + left.readings == 3000
    assert journal.backlog("main").readings == left.readings - 150
    rest = await journal.read("main", 10_000)
    assert rest is not None
    assert sum(rest.readings) == journal.backlog("main").readings
    await journal.close()


async def test_a_dead_mirror_costs_the_main_store_nothing(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, stores=("main", "dead"), limit=600_000, lost=losses)
    for n in range(1, 100):
        await fill(journal, n, 1)
        batch = await journal.read("main", 50)
        assert batch is not None
        await journal.acknowledge("main", batch, [], 0)
        await journal.trim(n)
    assert "main" not in losses.readings
    assert losses.readings["dead"] > 0
    await journal.close()


@pytest.mark.parametrize("damage", ["empty", "garbage", "truncated", "header"])
async def test_a_damaged_file_is_set_aside_and_the_bridge_continues(
    tmp_path: Path, damage: str
) -> None:
    first = await opened(tmp_path)
    await fill(first, 1, 20)
    await first.close()
    path = tmp_path / "points.db"
    good = path.read_bytes()
    bad = {
        "empty": b"\0" * len(good),
        "garbage": b"garbage" * 1000,
        "truncated": good[: len(good) // 3],
        "header": b"\0" * 100 + good[100:],
    }
    path.write_bytes(bad[damage])
    losses = Losses()
    second = await opened(tmp_path, lost=losses)
    before = second.backlog("main").readings
    await second.append(batch_of("fresh"))
    found: list[bytes] = []
    while (batch := await second.read("main", 50)) is not None:
        found += batch.lines
        await second.acknowledge("main", batch, [], 0)
    assert found[-1] == b"fresh" or b"fresh" in found
    assert second.backlog("main") == Backlog(0, 0, None)
    assert before >= losses.readings.get("main", 0)
    assert len(list(tmp_path.glob("points.db.damaged-*"))) >= 1
    await second.close()


async def test_damage_at_run_time_loses_only_what_is_not_in_delivery(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, lost=losses)
    await fill(journal, 1, 60)
    batch = await journal.read("main", 50)
    assert batch is not None
    with contextlib.closing(sqlite3.connect(tmp_path / "points.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "points.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\xff" * size)
    for n in range(3):
        await journal.append(batch_of(f"fresh {n}"))
    assert losses.readings == {"main": 1800 - 150}
    assert journal.backlog("main").readings == 150 + 9
    await journal.acknowledge("main", batch, [], 0)
    assert journal.backlog("main").readings == 9
    rest = await journal.read("main", 50)
    assert rest is not None
    assert rest.lines == [b"fresh 0", b"fresh 1", b"fresh 2"]
    await journal.close()


async def test_a_full_disk_is_trouble_that_can_pass(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("a"))

    def most_pages(connection: sqlite3.Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await journal._guarded(lambda connection: most_pages(connection, 1))
    with pytest.raises(DiskTrouble):
        await fill(journal, 1, 60)
    backlog = journal.backlog("main")
    await journal._guarded(lambda connection: most_pages(connection, 1_000_000))
    await journal.append(batch_of("b"))
    assert journal.backlog("main").points == backlog.points + 1
    batch = await journal.read("main", 10_000)
    assert batch is not None
    assert batch.lines[-1] == b"b"
    assert len(batch.lines) == backlog.points + 1
    await journal.close()


async def test_a_reserve_is_allocated_and_released_when_the_disk_is_full(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    reserve = tmp_path / "reserve"
    await journal.trim(0)
    assert reserve.stat().st_size > 0
    tries: list[bool] = []

    def full_at_first(connection: sqlite3.Connection) -> str:
        tries.append(reserve.exists())
        if len(tries) == 1:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return "written"

    assert await journal._guarded(full_at_first) == "written"
    assert tries == [True, False]
    await journal.trim(0)
    assert reserve.exists()
    await journal.close()


async def test_a_newer_bridges_file_is_left_alone(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "points.db")) as connection:
        connection.executescript(NEWER)
    with pytest.raises(CannotStart, match="newer"):
        await opened(tmp_path)
    assert (tmp_path / "points.db").exists()


async def test_a_mover_is_woken_when_there_is_something(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    waiting = asyncio.create_task(journal.wait_for_more("main", 30))
    await asyncio.sleep(0)
    await journal.append(batch_of("a"))
    async with asyncio.timeout(5):
        await waiting
        await journal.wait_for_more("main", 30)
    await journal.close()


def test_a_second_bridge_on_the_same_folder_gets_the_firsts_pid(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(FolderBusy, match=r"with pid [0-9]+"):
        FolderLock(tmp_path).__enter__()
    with FolderLock(tmp_path):
        pass


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot write to the data folder"):
        FolderLock(tmp_path / "file" / "data").__enter__()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4)),
        st.tuples(st.just("deliver"), st.integers(1, 6)),
        st.tuples(st.just("read"), st.integers(1, 6)),
        st.tuples(st.just("reopen"), st.just(0)),
        st.tuples(st.just("trim"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_any_course_delivers_every_line_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    async def course(folder: Path) -> None:
        journal, written, delivered = await opened(folder), 0, list[bytes]()
        for step, size in [*steps, ("deliver", 10_000)]:
            if step == "append":
                lines = [f"line {written + n}" for n in range(size)]
                written += size
                await journal.append(batch_of(*lines, readings=2))
            elif step in {"deliver", "read"}:
                batch = await journal.read("main", size)
                if batch and step == "deliver":
                    await journal.acknowledge("main", batch, [], 0)
                    delivered += batch.lines
            elif step == "reopen":
                await journal.close()
                journal = await opened(folder)
            else:
                await journal.trim(10**9)
            backlog = journal.backlog("main")
            assert (backlog.points, backlog.readings) == (
                written - len(delivered), 2 * (written - len(delivered))
            )  # fmt: skip
        assert delivered == [f"line {n}".encode() for n in range(written)]
        await journal.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(course(Path(folder)))
