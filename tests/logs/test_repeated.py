"""Logs the same event about the same charger or store at most once a minute, with a count."""

import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.logs import RepeatedLog

Line = tuple[int, str, dict[str, object]]


@dataclass
class _Log:
    lines: list[Line] = field(default_factory=list)

    def log(self, level: int, event: str, **fields: object) -> None:
        self.lines.append((level, event, fields))


@dataclass
class _Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log() -> _Log:
    return _Log()


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def complaints(log: _Log, clock: _Clock) -> RepeatedLog:
    return RepeatedLog(log, clock=clock, every=60.0)


def test_the_first_is_told_at_once(complaints: RepeatedLog, log: _Log) -> None:
    complaints.report("message.malformed", charger="a1", topic="x/amp")
    assert log.lines == [
        (logging.WARNING, "message.malformed", {"charger": "a1", "topic": "x/amp"})
    ]


def test_the_next_within_a_minute_is_held_back(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    complaints.report("message.malformed", charger="a1")
    clock.now += 59.9
    complaints.report("message.malformed", charger="a1")
    assert len(log.lines) == 1


def test_the_one_after_a_minute_tells_how_many_were_held_back(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    for _ in range(4):
        complaints.report("message.malformed", charger="a1")
    clock.now += 60
    complaints.report("message.malformed", charger="a1", topic="last")
    complaints.report("message.malformed", charger="a1")
    assert [fields for _, _, fields in log.lines] == [
        {"charger": "a1"},
        {"charger": "a1", "topic": "last", "repeated": 3},
    ]


def test_other_chargers_and_other_complaints_are_told(complaints: RepeatedLog, log: _Log) -> None:
    complaints.report("message.malformed", charger="a1")
    complaints.report("message.malformed", charger="a2")
    complaints.report("message.malformed")
    complaints.report("poll.failed", charger="a1", level="error")
    assert [(level, event) for level, event, _ in log.lines] == [
        (logging.WARNING, "message.malformed"),
        (logging.WARNING, "message.malformed"),
        (logging.WARNING, "message.malformed"),
        (logging.ERROR, "poll.failed"),
    ]


def test_a_sweep_tells_what_was_held_back_with_its_newest_fields(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    for number in range(3):
        complaints.report("message.malformed", charger="a1", number=number)
    complaints.sweep()
    assert len(log.lines) == 1
    clock.now += 60
    complaints.sweep()
    assert log.lines[1:] == [
        (logging.WARNING, "message.malformed", {"charger": "a1", "number": 2, "repeated": 2})
    ]


def test_a_sweep_starts_a_new_minute(complaints: RepeatedLog, log: _Log, clock: _Clock) -> None:
    complaints.report("message.malformed")
    complaints.report("message.malformed")
    clock.now += 60
    complaints.sweep()
    complaints.report("message.malformed")
    assert len(log.lines) == 2
    clock.now += 60
    complaints.sweep()
    assert [fields for _, _, fields in log.lines[1:]] == [{"repeated": 1}, {"repeated": 1}]


def test_a_sweep_says_nothing_of_what_was_told_once(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    complaints.report("message.malformed")
    clock.now += 600
    complaints.sweep()
    assert len(log.lines) == 1


def test_what_was_quiet_is_told_anew_without_a_count(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    complaints.report("message.malformed")
    clock.now += 600
    complaints.report("message.malformed")
    assert [fields for _, _, fields in log.lines] == [{}, {}]


def test_memory_is_bounded_and_the_longest_unheard_makes_room(log: _Log, clock: _Clock) -> None:
    complaints = RepeatedLog(log, clock=clock, most=2)
    for charger in ("a1", "a2", "a1", "a3"):
        complaints.report("message.malformed", charger=charger)
    assert [fields["charger"] for _, _, fields in log.lines] == ["a1", "a2", "a3"]
    complaints.report("message.malformed", charger="a1")
    assert len(log.lines) == 3
    complaints.report("message.malformed", charger="a2")
    assert log.lines[3][2] == {"charger": "a2"}


def test_what_makes_room_tells_its_count_first(log: _Log, clock: _Clock) -> None:
    complaints = RepeatedLog(log, clock=clock, most=1)
    complaints.report("message.malformed", charger="a1")
    complaints.report("message.malformed", charger="a1")
    complaints.report("message.malformed", charger="a2")
    assert [fields for _, _, fields in log.lines] == [
        {"charger": "a1"},
        {"charger": "a1", "repeated": 1},
        {"charger": "a2"},
    ]


def test_the_subject_keeps_the_name_of_its_field(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    for store in ("main", "main", "far"):
        complaints.report("store.busy", about="store", store=store, why="HTTP 503")
    clock.now += 60
    complaints.sweep()
    assert [fields for _, _, fields in log.lines] == [
        {"store": "main", "why": "HTTP 503"},
        {"store": "far", "why": "HTTP 503"},
        {"store": "main", "why": "HTTP 503", "repeated": 1},
    ]


def told_in(
    hours: int, complaints: RepeatedLog, log: _Log, clock: _Clock, **about: str
) -> list[tuple[str, object]]:
    """What is told of something that is complained of every half a minute."""
    del log.lines[:]
    for _ in range(hours * 120):
        complaints.report("reading.implausible", **about)
        complaints.sweep()
        clock.now += 30
    return [(event, fields.get("repeated")) for _, event, fields in log.lines]


def test_what_a_charger_says_on_and_on_is_told_once_an_hour(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    first = told_in(1, complaints, log, clock, charger="a1")
    assert first == [("reading.implausible", None)] + [("reading.implausible", 1)] * 9
    assert told_in(4, complaints, log, clock, charger="a1") == [("reading.implausible", 119)] * 4


def test_after_a_quiet_hour_it_is_told_each_minute_again(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    told_in(2, complaints, log, clock, charger="a1")
    clock.now += 3600
    complaints.sweep()
    clock.now += 3600
    complaints.sweep()
    assert len(told_in(1, complaints, log, clock, charger="a1")) == 10


def test_what_is_wrong_with_a_store_is_told_each_minute_for_ever(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    assert len(told_in(3, complaints, log, clock, about="store", store="main")) == 180


AWAY = ("store.busy", "store.denied")


def away(complaints: RepeatedLog) -> None:
    complaints.report("store.busy", about="store", store="main")


def over(complaints: RepeatedLog) -> None:
    complaints.resolved("store.takes_again", ends=AWAY, about="store", store="main")


def test_the_end_is_told_at_once_after_all_that_it_ends(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    away(complaints)
    away(complaints)
    complaints.report("store.denied", about="store", store="far")
    complaints.report("store.denied", about="store", store="far")
    over(complaints)
    clock.now += 60
    complaints.sweep()
    assert [(event, fields) for _, event, fields in log.lines] == [
        ("store.busy", {"store": "main"}),
        ("store.denied", {"store": "far"}),
        ("store.busy", {"store": "main", "repeated": 1}),
        ("store.takes_again", {"store": "main"}),
        ("store.denied", {"store": "far", "repeated": 1}),
    ]
    assert log.lines[3][0] == logging.INFO


def test_what_comes_again_after_its_end_is_told_at_once(complaints: RepeatedLog, log: _Log) -> None:
    away(complaints)
    over(complaints)
    away(complaints)
    assert [event for _, event, _ in log.lines] == ["store.busy", "store.takes_again", "store.busy"]


def test_what_ends_again_and_again_takes_few_lines_and_the_last_one_is_true(
    complaints: RepeatedLog, log: _Log, clock: _Clock
) -> None:
    for _ in range(50):
        away(complaints)
        clock.now += 0.5
        over(complaints)
        clock.now += 0.5
    clock.now += 60
    complaints.sweep()
    assert [event for _, event, _ in log.lines] == [
        "store.busy", "store.takes_again", "store.busy", "store.busy", "store.takes_again",
    ]  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 90), st.booleans(), st.booleans())))
def test_the_last_line_says_whether_it_is_over(steps: list[tuple[float, bool, bool]]) -> None:
    log, clock = _Log(), _Clock()
    complaints = RepeatedLog(log, clock=clock)
    bad = False
    for seconds, ends, sweeps in steps:
        clock.now += seconds
        if bad and ends:
            over(complaints)
        else:
            away(complaints)
        bad = not (bad and ends)
        if sweeps:
            complaints.sweep()
    for _ in range(3):
        clock.now += 61
        complaints.sweep()
    if steps:
        assert log.lines[-1][1] == ("store.busy" if bad else "store.takes_again")


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 90), st.booleans())))
def test_every_complaint_is_told_or_counted(steps: list[tuple[str, float, bool]]) -> None:
    log, clock = _Log(), _Clock()
    complaints = RepeatedLog(log, clock=clock, most=3)
    for charger, seconds, sweeps in steps:
        clock.now += seconds
        complaints.report("x.y", charger=charger, line=1)
        if sweeps:
            complaints.sweep()
    logged = len(log.lines)
    # Not 60: the sum of such floats may fall short of it.
    clock.now += 61
    complaints.sweep()
    repeated = sum(int(str(fields.get("repeated", 0))) for _, _, fields in log.lines)
    assert logged <= len(steps) * 2
    assert repeated <= len(steps)
    assert len(steps) <= len(log.lines) + repeated


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads take turns so often that a race shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless")
def test_threads_may_complain_at_once(log: _Log) -> None:
    complaints = RepeatedLog(log)
    ready = threading.Barrier(4)

    def complain() -> None:
        ready.wait(5)
        for number in range(1000):
            complaints.report("x.y", charger=f"a{number}")

    threads = [threading.Thread(target=complain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.lines) == 1000
