"""A task that fails is counted, waits and goes on; a vital one that fails for long is reported."""

import asyncio
import errno

import pytest

from bridge.runtime.task_boundary import (
    FAILING_SECONDS,
    LONGEST_WAIT,
    STABLE_SECONDS,
    VITAL,
    TaskBoundary,
)


class Clock:
    """Time that passes only in a sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def steady(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Failing:
    """Fails so many times, each run after so many seconds, then ends."""

    def __init__(self, clock: Clock, error: Exception, times: int, lasts: float = 0.0) -> None:
        self.clock, self.error, self.left, self.lasts = clock, error, times, lasts

    async def run(self) -> None:
        self.clock.now += self.lasts
        if self.left:
            self.left -= 1
            raise self.error


ERRORS = [
    OSError(errno.EAFNOSUPPORT, "no IPv6"),
    OSError(errno.EMFILE, "no descriptors"),
    RuntimeError("can't start new thread"),
    MemoryError(),
    ExceptionGroup("of a group", [KeyError("x")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_a_task_goes_on_after_any_error(error: Exception) -> None:
    clock, reported = Clock(), list[tuple[str, Exception]]()
    boundary = TaskBoundary(
        lambda name, error: reported.append((name, error)), steady=clock.steady, sleep=clock.sleep
    )
    await boundary.run("poller", Failing(clock, error, 3).run)
    assert reported == [("poller", error)] * 3
    assert len(clock.slept) == 3


async def test_waits_grow_to_a_bound() -> None:
    clock = Clock()
    boundary = TaskBoundary(lambda *_: None, steady=clock.steady, sleep=clock.sleep)
    await boundary.run("poller", Failing(clock, MemoryError(), 40).run)
    assert clock.slept[0] <= 1.0
    assert LONGEST_WAIT / 2 <= clock.slept[-1] <= LONGEST_WAIT


@pytest.mark.parametrize("name", [*VITAL, "labels"])
async def test_only_a_vital_task_that_fails_for_five_minutes_is_dead(name: str) -> None:
    clock, seen = Clock(), list[tuple[float, bool]]()
    boundary = TaskBoundary(
        lambda *_: seen.append((clock.now, boundary.failing() is not None)),
        steady=clock.steady, sleep=clock.sleep,
    )  # fmt: skip
    await boundary.run(name, Failing(clock, MemoryError(), 60).run)
    first = seen[0][0]
    assert seen[-1][0] - first > FAILING_SECONDS
    expected = [name in VITAL and at - first >= FAILING_SECONDS for at, _ in seen]
    assert [dead for _, dead in seen] == expected


async def test_a_task_that_ran_for_a_minute_begins_anew() -> None:
    clock, dead = Clock(), list[bool]()
    boundary = TaskBoundary(
        lambda *_: dead.append(boundary.failing() is not None),
        steady=clock.steady, sleep=clock.sleep,
    )  # fmt: skip
    await boundary.run("mqtt", Failing(clock, MemoryError(), 20, lasts=STABLE_SECONDS + 1).run)
    assert not any(dead)
    assert max(clock.slept) <= 1.0


async def test_a_task_is_cancelled_while_it_waits() -> None:
    failed = asyncio.Event()
    boundary = TaskBoundary(lambda *_: failed.set())
    task = asyncio.create_task(boundary.run("mqtt", Failing(Clock(), MemoryError(), 9).run))
    await failed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
