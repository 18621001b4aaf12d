"""The committer: what waits for a disk, and what happens when the disk does not answer."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence

import pytest

from bridge.core.clock import Unix
from bridge.core.errors import DiskTrouble
from bridge.core.model import ChargerId, Event, EventKind, Reason, SavedState, Session
from bridge.core.output.batch import Batch
from bridge.core.output.outbox import Outbox
from bridge.monitoring.stats import Accounts
from bridge.storage import committer as committer_file
from bridge.storage.committer import Committer, PointsJournal
from tests.kit.support import eventually

ONE = ChargerId("one")


class Disk:
    """Journal and state file of one disk; each can be in trouble, or hang."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.spans: list[tuple[int, int]] = []
        self.pending: list[bytes] = []
        self.saved: list[tuple[set[str], int]] = []
        self.points_fail = self.state_fails = False
        self.reports: list[str] = []

    async def append(self, batch: Batch) -> None:
        if self.points_fail:
            raise DiskTrouble("points: full")
        self.lines += batch.lines
        self.spans.append((batch.first_ms, batch.last_ms))

    async def save(
        self, *, chargers: Mapping[ChargerId, SavedState | None], events: Sequence[Event],
        sessions: Sequence[Session], pending: Sequence[bytes] | None,
    ) -> None:  # fmt: skip
        if self.state_fails:
            raise DiskTrouble("state: full")
        self.pending = self.pending if pending is None else list(pending)
        self.saved.append((set(chargers), len(events)))

    def saved_states(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        return {charger: {} for charger in chargers}

    def report(self, event: str, *, about: str, level: str, **fields: object) -> None:
        self.reports.append(f"{event} {fields[about]}")

    def resolved(self, event: str, *, ends: Sequence[str], about: str, **fields: object) -> None:
        self.reports.append(f"{event} {fields[about]}, which ends {' '.join(ends)}")


class Hung(Disk):
    """A disk that never answers."""

    async def append(self, batch: Batch) -> None:
        await asyncio.Event().wait()


def made(disk: Disk, out: Outbox, accounts: Accounts, *, store: bool = True) -> Committer:
    journal: PointsJournal = disk
    return Committer(
        out=out, accounts=accounts, journal=journal, state_file=disk, registry=disk,
        stored_when_committed=not store, repeated_log=disk,
    )  # fmt: skip


def busy() -> Outbox:
    out = Outbox()
    for n in range(3):
        out.append(b"line %d" % n, 2, 1000 + n)
    out.events.append(Event(ONE, Unix(1.0), EventKind.STATE, 3))
    out.dirty.add(ONE)
    return out


async def test_a_commit_empties_the_outbox() -> None:
    out, disk = busy(), Disk()
    committer = made(disk, out, Accounts())
    await committer.commit()
    assert committer.empty
    assert (len(disk.lines), disk.saved, out.readings_held) == (3, [({"one"}, 1)], 0)


async def test_a_charger_with_newer_numbers_alone_is_saved_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk, out = Disk(), Outbox()
    committer = made(disk, out, Accounts())
    now = time.monotonic()
    out.dirty_since = {ChargerId("old"): now - 25, ChargerId("two"): now}
    await committer.commit()
    assert (disk.saved, committer.empty) == ([], False)
    monkeypatch.setattr(committer_file, "SAVE_SECONDS", 20)
    await committer.commit()
    assert disk.saved == [({"old"}, 0)]
    await committer.commit(last=True)
    assert (disk.saved[1:], committer.empty) == ([({"two"}, 0)], True)


async def test_when_a_charger_was_marked_is_by_the_clock_that_marked_it() -> None:
    disk, out = Disk(), Outbox()
    journal: PointsJournal = disk
    committer = Committer(
        out=out, accounts=Accounts(), journal=journal, state_file=disk, registry=disk,
        stored_when_committed=True, repeated_log=disk, steady=lambda: 9e9,
    )  # fmt: skip
    out.dirty_since = {ChargerId("old"): 9e9 - 40, ChargerId("two"): 9e9 - 5}
    await committer.commit()
    assert disk.saved == [({"old"}, 0)]


async def test_a_charger_with_an_event_is_saved_at_once_and_only_once() -> None:
    disk, out = Disk(), Outbox()
    committer = made(disk, out, Accounts())
    out.dirty_since = {ChargerId("two"): 0.0}
    out.dirty.add(ChargerId("two"))
    await committer.commit()
    assert (disk.saved, out.dirty_since) == ([({"two"}, 0)], {})


async def test_without_a_store_what_is_committed_counts_as_stored() -> None:
    accounts = Accounts()
    await made(Disk(), busy(), accounts, store=False).commit()
    assert accounts.stored == 6


async def test_trouble_with_the_state_file_does_not_keep_points_from_the_journal() -> None:
    disk, out = Disk(), busy()
    disk.state_fails = True
    committer = made(disk, out, Accounts())
    await committer.commit()
    assert len(disk.lines) == 3
    assert disk.reports == ["disk.trouble state"]
    disk.state_fails = False
    await committer.commit()
    assert disk.saved == [({"one"}, 1)]
    assert committer.empty


async def test_events_are_journaled_after_the_state_file_has_them() -> None:
    disk, out = Disk(), busy()
    out.append(b"event 1003", 0, 1003)
    disk.state_fails = True
    committer = made(disk, out, Accounts())
    await committer.commit()
    assert disk.lines == [b"line 0", b"line 1", b"line 2"]
    assert not committer.empty
    disk.state_fails = False
    await committer.commit()
    assert disk.lines == [b"line 0", b"line 1", b"line 2", b"event 1003"]
    assert committer.empty


async def test_lines_of_events_stay_in_the_state_file_until_the_journal_has_them() -> None:
    disk, out = Disk(), busy()
    out.append(b"event 1003", 0, 1003)
    committer = made(disk, out, Accounts())
    disk.points_fail = True
    await committer.commit()
    assert (disk.pending, disk.lines) == ([b"event 1003"], [])
    disk.points_fail = False
    await committer.commit()
    assert disk.lines == [b"line 0", b"line 1", b"line 2", b"event 1003"]
    await committer.commit()
    assert disk.pending == []


async def test_an_event_amid_a_commit_reaches_the_journal_after_the_state_file() -> None:
    class Late(Disk):
        async def append(self, batch: Batch) -> None:
            if not self.lines:
                out.append(b"event 1003", 0, 1003)
                out.append(b"line 3", 2, 1004)
            await super().append(batch)

        async def save(self, **given: object) -> None:
            assert b"event 1003" not in self.lines
            await super().save(**given)  # type: ignore[arg-type]  # handed on as they came

    disk, out = Late(), busy()
    await made(disk, out, Accounts()).commit()
    assert disk.lines == [b"line 0", b"line 1", b"line 2", b"line 3", b"event 1003"]


async def test_lines_that_an_earlier_run_did_not_journal_are_journaled_first() -> None:
    disk = Disk()
    committer = Committer(
        out=Outbox(), accounts=Accounts(), journal=disk, state_file=disk, registry=disk,
        pending=[b"from before 500"], stored_when_committed=False, repeated_log=disk,
    )  # fmt: skip
    assert not committer.empty
    await committer.commit(last=True)
    assert disk.lines == [b"from before 500"]
    assert committer.empty


async def test_a_session_that_ended_long_ago_is_journaled_with_its_own_time() -> None:
    disk, out = Disk(), busy()
    out.append(b"session 400", 0, 400)
    out.append(b"event 1003", 0, 1003)
    await made(disk, out, Accounts()).commit()
    assert disk.lines[3:] == [b"session 400", b"event 1003"]
    assert disk.spans[1] == (400, 1003)


async def test_what_is_no_line_in_a_damaged_state_file_is_dropped() -> None:
    disk = Disk()
    committer = Committer(
        out=Outbox(), accounts=Accounts(), journal=disk, state_file=disk, registry=disk,
        pending=[b"", b"torn li", b"whole 700"], stored_when_committed=False, repeated_log=disk,
    )  # fmt: skip
    await committer.commit()
    assert (disk.lines, disk.spans) == ([b"whole 700"], [(700, 700)])


async def test_the_end_of_trouble_with_the_disk_is_reported_once() -> None:
    disk, out = Disk(), busy()
    committer = made(disk, out, Accounts())
    await committer.commit()
    assert disk.reports == []
    for n, fails in enumerate((True, True, False, False)):
        disk.points_fail = fails
        out.append(b"line", 2, 1003 + n)
        await committer.commit()
    assert disk.reports == [
        "disk.trouble points", "disk.trouble points",
        "disk.takes_again points, which ends disk.trouble",
    ]  # fmt: skip


async def test_trouble_with_the_journal_keeps_the_lines_in_order() -> None:
    disk, out = Disk(), busy()
    disk.points_fail = True
    committer = made(disk, out, Accounts())
    await committer.commit()
    out.append(b"line 3", 2, 1003)
    disk.points_fail = False
    await committer.commit()
    assert disk.lines == [b"line %d" % n for n in range(4)]
    assert out.readings_held == 0


async def test_memory_is_bounded_while_the_disk_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_file, "MOST_WAITING", 10)
    monkeypatch.setattr(committer_file, "COMMIT_SECONDS", 0.01)
    monkeypatch.setattr(committer_file, "DISK_TIMEOUT_SECONDS", 0.05)
    out, accounts = busy(), Accounts()
    running = asyncio.create_task(made(Hung(), out, accounts).run())
    await asyncio.sleep(0.05)
    for n in range(100):
        out.append(b"more %d" % n, 1, 2000 + n)
    await eventually(lambda: accounts.discarded[Reason.DISK], 5)
    assert len(out.lines) == 10
    assert out.lines[:3] == [b"line 0", b"line 1", b"line 2"]
    assert out.readings_held + accounts.discarded[Reason.DISK] == 106
    assert out.readings_held == sum(out.readings)
    running.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({running})


async def test_what_the_disk_did_not_take_at_the_end_is_counted() -> None:
    disk, out, accounts = Disk(), busy(), Accounts()
    disk.points_fail = True
    committer = made(disk, out, accounts)
    await committer.commit()
    assert not committer.empty
    assert committer.discard_uncommitted() == 6
    assert (accounts.discarded[Reason.DISK], out.readings_held) == (6, 0)


async def test_a_commit_that_began_is_brought_to_its_end_when_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committer_file, "COMMIT_SECONDS", 0.01)
    began, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(Disk):
        async def append(self, batch: Batch) -> None:
            began.set()
            await goes_on.wait()
            await super().append(batch)

    disk, out = Slow(), busy()
    running = asyncio.create_task(made(disk, out, Accounts()).run())
    await began.wait()
    running.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.wait({running})
    assert (len(disk.lines), out.lines) == (3, [])


class Stalls(Disk):
    """A disk that stalls in each append until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.released = asyncio.Event(), asyncio.Event()

    async def append(self, batch: Batch) -> None:
        self.began.set()
        await self.released.wait()
        await super().append(batch)


class StateStalls(Disk):
    """A disk whose state file stalls until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.released = asyncio.Event(), asyncio.Event()

    async def save(self, **given: object) -> None:
        self.began.set()
        await self.released.wait()
        await super().save(**given)  # type: ignore[arg-type]  # handed on as they came


def seven() -> Outbox:
    out = Outbox()
    for n in range(7):
        out.append(b"line %d" % n, 1, 1000 + n)
    return out


async def stopped_while_stalled(committer: Committer, disk: Stalls | StateStalls) -> None:
    """The end comes while a commit is in the stalled disk, which then goes on."""
    running = asyncio.create_task(committer.run())
    await disk.began.wait()
    running.cancel()
    await asyncio.wait({running})
    last = asyncio.create_task(committer.commit(last=True))
    await asyncio.sleep(0.02)
    disk.released.set()
    await asyncio.wait_for(last, 5)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_file, "MOST_WAITING", 50)
    monkeypatch.setattr(committer_file, "COMMIT_SECONDS", 0.01)
    monkeypatch.setattr(committer_file, "DISK_TIMEOUT_SECONDS", 0.02)


@pytest.mark.usefixtures("hasty")
async def test_the_last_commit_waits_for_the_one_that_a_stalled_disk_holds_up() -> None:
    disk, out, accounts = Stalls(), seven(), Accounts()
    committer = made(disk, out, accounts, store=False)
    await stopped_while_stalled(committer, disk)
    assert disk.lines == [b"line %d" % n for n in range(7)]
    assert (accounts.stored, out.readings_held, committer.empty) == (7, 0, True)


@pytest.mark.usefixtures("hasty")
async def test_an_event_in_a_stalled_state_file_is_saved_and_journaled_once() -> None:
    disk, out = StateStalls(), busy()
    out.append(b"event 1003", 0, 1003)
    committer = made(disk, out, Accounts())
    await stopped_while_stalled(committer, disk)
    assert disk.lines.count(b"event 1003") == 1
    assert [events for _, events in disk.saved].count(1) == 1
    assert committer.empty


@pytest.mark.usefixtures("hasty")
async def test_what_was_counted_as_lost_is_not_counted_again_when_the_disk_goes_on() -> None:
    disk, out, accounts = Stalls(), seven(), Accounts()
    committer = made(disk, out, accounts, store=False)
    running = asyncio.create_task(committer.run())
    await disk.began.wait()
    running.cancel()
    await asyncio.wait({running})
    assert committer.discard_uncommitted() == 7
    disk.released.set()
    await asyncio.sleep(0.02)
    assert (accounts.stored, accounts.discarded[Reason.DISK], out.readings_held) == (0, 7, 0)


def changed(out: Outbox, count: int) -> None:
    """So many events and sessions, each with its line."""
    for n in range(count):
        unix = Unix(2.0 + n)
        out.append(b"event %d" % (2000 + n), 0, 2000 + n)
        out.events.append(Event(ONE, unix, EventKind.STATE, n))
        out.sessions.append(Session(ONE, Unix(1.0), unix, 1.0, 1.0, 1.0, 1.0, 1.0))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", [Stalls, StateStalls])
async def test_events_and_sessions_are_bounded_and_counted_while_a_file_hangs(
    kind: type[Stalls | StateStalls],
) -> None:
    disk = kind()
    out, accounts = busy(), Accounts()
    committer = made(disk, out, accounts)
    running = asyncio.create_task(committer.run())
    await disk.began.wait()
    changed(out, 399)
    await eventually(lambda: committer.dropped["event"], 5)
    assert committer.dropped["event"] == 350
    assert committer.dropped["session"] == 349
    assert len(out.lines) <= 50
    disk.released.set()
    await eventually(lambda: committer.empty, 5)
    running.cancel()
    await asyncio.wait({running})
    assert sum(events for _, events in disk.saved) == 50
    journaled = [line for line in disk.lines if line.startswith(b"event")]
    assert len(journaled) + committer.dropped["point"] == 399
    assert len(disk.lines) - len(journaled) + accounts.discarded[Reason.DISK] // 2 == 3


async def test_what_is_dropped_while_the_state_file_hangs_is_not_what_it_saves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The events in the hung save are neither dropped nor is a later one deleted in their place."""
    monkeypatch.setattr(committer_file, "MOST_WAITING", 5)
    monkeypatch.setattr(committer_file, "COMMIT_SECONDS", 0.01)
    saved: list[int] = []

    class Named(StateStalls):
        async def save(self, **given: object) -> None:
            await super().save(**given)
            events = given["events"]
            assert isinstance(events, list)
            saved.extend(event.code for event in events)

    disk, out = Named(), Outbox()
    committer = made(disk, out, Accounts())
    changed(out, 4)
    running = asyncio.create_task(committer.run())
    await disk.began.wait()
    out.events += [Event(ONE, Unix(9.0), EventKind.STATE, 100 + n) for n in range(20)]
    await eventually(lambda: committer.dropped["event"], 5)
    disk.released.set()
    await eventually(lambda: committer.empty, 5)
    running.cancel()
    await asyncio.wait({running})
    assert saved == [0, 1, 2, 3, 119]
    assert committer.dropped["event"] == 19


class ShownSeries:
    """A series that remembers what it showed."""

    def __init__(self) -> None:
        self.shown: list[float] = []

    def set(self, value: float) -> None:
        self.shown.append(value)

    def set_text(self, ending: bytes) -> None:
        raise AssertionError(ending)

    def clear(self) -> None:
        raise AssertionError


async def test_a_total_is_shown_once_its_point_is_journaled_other_counters_once_saved() -> None:
    disk, out, accounts = Disk(), busy(), Accounts()
    total, sessions = ShownSeries(), ShownSeries()
    out.counters |= {total: 5.0, sessions: 1.0}
    out.totals.add(total)
    committer = made(disk, out, accounts)
    disk.points_fail = True
    await committer.commit()
    assert (total.shown, sessions.shown) == ([], [1.0])
    disk.points_fail, disk.state_fails = False, True
    await committer.commit()
    assert (total.shown, sessions.shown) == ([5.0], [1.0])
    assert (out.counters, out.totals) == ({}, set())
