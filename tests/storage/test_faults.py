"""Traps for the sinks: damage, disks in trouble, and answers that are no answers."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.clock import Unix
from bridge.core.errors import DiskTrouble, SinkBusy, SinkDenied, SinkRefused, SinkTrouble
from bridge.core.model import ChargerId, Event, EventKind, SavedState
from bridge.sinks.influx.client import InfluxClient
from bridge.sinks.influx.replies import StoreReply, trouble_of
from bridge.storage import database, journal_file, retention
from bridge.storage.journal import Journal
from bridge.storage.state_file import StateFile
from tests.storage.test_journal import Losses, batch_of, fill, opened

ONE, TWO = ChargerId("one"), ChargerId("two")


def files(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def drained(journal: Journal) -> list[bytes]:
    found: list[bytes] = []
    while (batch := await journal.read("main", 50)) is not None:
        found += batch.lines
        await journal.acknowledge("main", batch, [], 0)
    return found


# --- journal ---------------------------------------------------------------------------------


async def test_garbage_inside_a_row_costs_that_row_only(tmp_path: Path) -> None:
    losses = Losses()
    first = await opened(tmp_path)
    for n in range(3):
        await first.append(batch_of(f"line {n}"))
    await first.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "points.db")) as db, db:
        db.execute("UPDATE points SET body = x'00ff00ff' WHERE id = 2")
    second = await opened(tmp_path, lost=losses)
    assert await drained(second) == [b"line 0", b"line 2"]
    assert losses.readings == {"main": 3}
    assert second.backlog("main").readings == 0
    await second.close()


async def test_what_a_trim_deleted_is_reported_even_if_the_disk_fails_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = Losses()
    journal = await opened(tmp_path, limit=600_000, lost=losses)
    await fill(journal, 1, 100)
    real, calls = retention.used_bytes, []

    def failing(connection: sqlite3.Connection, path: Path) -> int:
        calls.append(1)
        if len(calls) == 2:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return real(connection, path)

    monkeypatch.setattr(retention, "used_bytes", failing)
    with contextlib.suppress(DiskTrouble):
        await journal.trim(100)
    monkeypatch.setattr(retention, "used_bytes", real)
    backlog = journal.backlog("main").readings
    assert backlog + losses.readings.get("main", 0) == 3000
    assert len(await drained(journal)) * 3 == backlog
    await journal.close()


async def test_what_a_checkpoint_can_give_back_costs_no_undelivered_row(tmp_path: Path) -> None:
    losses = Losses()
    journal = await opened(tmp_path, limit=1_000_000, lost=losses)
    await fill(journal, 1, 100)
    with contextlib.closing(sqlite3.connect(tmp_path / "points.db")) as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    assert pages * 4096 < 1_000_000
    await journal.trim(100)
    assert losses.readings == {}
    await journal.close()


async def test_a_journal_that_could_not_begin_anew_at_once_delivers_later_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = Losses()
    journal = await opened(tmp_path, lost=losses)
    await fill(journal, 1, 30)
    await drained(journal)
    with contextlib.closing(sqlite3.connect(tmp_path / "points.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "points.db"
    path.write_bytes(b"\xff" * path.stat().st_size)
    real, calls = database.connect, []

    def failing(*args: object) -> sqlite3.Connection:
        calls.append(1)
        if len(calls) == 1:
            raise DiskTrouble("full")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(journal_file, "connect", failing)
    for n in range(4):
        for _ in range(3):
            try:
                await journal.append(batch_of(f"fresh {n}"))
            except DiskTrouble:
                continue
            break
    assert calls
    backlog = journal.backlog("main").points
    assert backlog >= 3
    assert len(await drained(journal)) == backlog
    assert journal.backlog("main").points == 0
    await journal.close()


async def test_a_file_that_was_removed_under_the_bridge_is_begun_anew(tmp_path: Path) -> None:
    journal = await opened(tmp_path)
    await journal.append(batch_of("a"))
    for path in files(tmp_path, "points.db*"):
        path.unlink()
    await journal.append(batch_of("b"))
    await journal.close()
    again = await opened(tmp_path)
    assert (await drained(again))[-1:] == [b"b"]
    await again.close()


async def test_trimming_by_age_does_not_read_the_whole_journal(tmp_path: Path) -> None:
    journal = await opened(tmp_path, stores=(), keep=timedelta(days=7))
    await fill(journal, 1, 20)
    plans: list[str] = []

    def plan(connection: sqlite3.Connection) -> None:
        seen: list[str] = []
        connection.set_trace_callback(seen.append)
        retention.delete_step(
            connection, tmp_path / "points.db", before_ms=0, limit=10**9, cursors={}
        )
        connection.set_trace_callback(None)
        for statement in seen:
            if statement.startswith("DELETE"):
                rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                plans.extend(row[3] for row in rows)

    await journal._guarded(plan)
    inner = [step for step in plans if "USING" in step and "id" not in step.split("USING")[0]]
    assert any("INDEX" in step for step in inner), plans
    await journal.close()


# --- replies ---------------------------------------------------------------------------------

LINES = [f"evse,charger=c{n} voltage_1=230 {n}".encode() for n in range(5)]


def judged(status: int, body: str) -> SinkTrouble:
    return trouble_of(StoreReply(status, "Bad Request", body), LINES, 0.0)


@pytest.mark.parametrize(
    "body",
    [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
        '{"code":"invalid","message":"Authorization header is missing or malformed"}',
        '{"code":"invalid","message":"gzip: invalid header"}',
    ],
)
def test_a_400_that_is_not_about_lines_never_throws_lines_away(body: str) -> None:
    assert isinstance(judged(400, body), SinkDenied | SinkBusy)


# --- influx ----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def answering(reply: bytes, *, drip: float = 0.0) -> AsyncIterator[str]:
    """A server that gives this reply to every request; with `drip`, a byte at a time."""
    serving: set[asyncio.Task[object]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
            for n in range(len(reply)) if drip else ():
                writer.write(reply[n : n + 1])
                await asyncio.sleep(drip)
            if not drip:
                writer.write(reply)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving)
        await asyncio.sleep(0)


def http(status: str, kind: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def outcome(reply: bytes, *, drip: float = 0.0, patience: float = 5.0) -> object:
    async with answering(reply, drip=drip) as url:
        influx = InfluxClient(
            url=url, org="o", bucket="b", token=lambda: "t", timeout=patience, ca_file=None
        )
        try:
            async with asyncio.timeout(8):
                await influx.write(LINES)
        except SinkTrouble as trouble:
            return type(trouble)
        except TimeoutError:
            return "hung"
        else:
            return "stored"
        finally:
            await influx.close()


async def test_a_201_tells_of_a_partial_write() -> None:
    body = (
        '{"code":"invalid","line":2,"message":"failed to parse line protocol: errors encountered '
        'on line(s): error parsing line 2 (1-based): Invalid measurement was provided"}'
    )
    assert await outcome(http("201 Created", "application/json", body)) is SinkRefused


async def test_a_page_is_no_confirmation() -> None:
    page = "<!doctype html><html><body>InfluxDB</body></html>"
    assert await outcome(http("200 OK", "text/html", page)) in (SinkDenied, SinkBusy)


async def test_a_204_and_an_empty_200_are_stored() -> None:
    assert await outcome(b"HTTP/1.1 204 No Content\r\n\r\n") == "stored"
    assert await outcome(http("200 OK", "text/plain", "")) == "stored"


async def test_a_reply_that_drips_is_given_up() -> None:
    reply = http("204 No Content", "text/plain", "x" * 500)
    assert await outcome(reply, drip=0.2, patience=1.0) is SinkBusy


# --- state -----------------------------------------------------------------------------------


def corrupt(path: Path) -> None:
    """Overwrite all but the first page, WAL emptied before."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))


def body(n: int) -> SavedState:
    return {"n": n}


async def test_a_file_that_fell_back_while_running_is_not_called_clean(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: body(1)})
    await state.snapshot()
    await state.save(chargers={ONE: body(2)})
    corrupt(tmp_path / "state.db")
    for n in range(3):
        with contextlib.suppress(DiskTrouble):
            await state.save(chargers={TWO: body(n)})
    assert files(tmp_path, "state.db.damaged-*"), "the damage went unseen"
    await state.close(clean=True)
    again = await StateFile.open(tmp_path)
    assert again.loaded[TWO] == {"n": 2}
    assert again.loaded[ONE] == {"n": 2} or not again.clean
    await again.close(clean=False)


async def test_garbage_at_run_time_is_survived_whatever_sqlite_calls_it(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: body(1)})
    await state.snapshot()
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "state.db"
    path.write_bytes(b"\xff" * path.stat().st_size)
    failures = 0
    for n in range(4):
        try:
            await state.save(chargers={TWO: body(n)})
        except DiskTrouble:
            failures += 1
    assert failures < 4
    await state.close(clean=False)


async def test_a_body_that_is_no_json_costs_that_charger_only(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: body(1), TWO: body(2)})
    await state.close(clean=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as db, db:
        db.execute("UPDATE chargers SET body = 'x{' WHERE id = 'one'")
    again = await StateFile.open(tmp_path)
    assert again.loaded == {TWO: {"n": 2}}
    await again.close(clean=False)


async def test_a_missing_state_file_is_restored_from_its_snapshot(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(chargers={ONE: body(1)})
    await state.snapshot()
    await state.close(clean=True)
    (tmp_path / "state.db").unlink()
    again = await StateFile.open(tmp_path)
    assert again.loaded == {ONE: {"n": 1}}
    await again.close(clean=False)


async def test_closing_on_a_disk_in_trouble_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await StateFile.open(tmp_path)

    async def full(**_: object) -> None:
        raise DiskTrouble("full")

    monkeypatch.setattr(state, "save", full)
    await state.close(clean=True)
    assert state._worker._pool._shutdown


async def test_an_event_of_a_kind_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    state = await StateFile.open(tmp_path)
    await state.save(events=[Event(ONE, Unix(1.0), EventKind.STATE, 3, "x", None)])
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as db, db:
        db.execute("INSERT INTO events VALUES (99, 2000, 'one', 'novel', 0, '', NULL)")
    rows, _ = await state.history.events(since_ms=None, limit=10, charger=None, before=None)
    assert [event.code for event in rows] == [3]
    await state.close(clean=False)
