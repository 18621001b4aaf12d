"""Calls that hang, as on a network disk, hold up nobody."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from bridge.app.disk_values import DiskValues
from bridge.logs import RepeatedLog
from bridge.runtime.blocking_call import BlockingCall, LastValue
from tests.kit.support import eventually


class Disk:
    """A disk that hangs when the test wants."""

    def __init__(self) -> None:
        self.calls = 0
        self.free = 7
        self.turns = threading.Event()
        self.turns.set()

    def read(self) -> int:
        self.calls += 1
        assert self.turns.wait(30)
        return self.free


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.turns.set()


class Lines:
    def __init__(self) -> None:
        self.lines: list[tuple[str, object]] = []

    def log(self, level: int, event: str, **fields: object) -> None:
        self.lines.append((event, fields["value"]))


async def late(call: BlockingCall[int]) -> int | None:
    with contextlib.suppress(TimeoutError):
        return await call.result()
    return None


async def test_a_call_that_hangs_is_not_made_again_and_its_late_result_counts(disk: Disk) -> None:
    call = BlockingCall(disk.read, timeout=0.05)
    assert await call.result() == 7
    disk.turns.clear()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await call.result()
    assert disk.calls == 2
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await call.result()
    assert asyncio.get_running_loop().time() - began < 0.04
    disk.free = 8
    disk.turns.set()
    assert await eventually(lambda: late(call)) == 8
    assert disk.calls == 2


async def test_two_who_wait_share_one_call(disk: Disk) -> None:
    call = BlockingCall(disk.read)
    both = await asyncio.gather(call.result(), call.result())
    assert list(both) == [7, 7]
    assert disk.calls == 1


async def test_an_error_is_raised_where_the_call_is_awaited() -> None:
    def fail() -> int:
        raise OSError("gone")

    call = BlockingCall(fail)
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            await call.result()


async def test_the_last_value_stays_while_the_disk_hangs(disk: Disk) -> None:
    value = LastValue(disk.read, 0, timeout=0.05)
    assert value.read() == 0
    await value.refresh()
    disk.turns.clear()
    disk.free = 9
    with pytest.raises(TimeoutError):
        await value.refresh()
    assert value.read() == 7
    disk.turns.set()

    async def renewed() -> bool:
        with contextlib.suppress(TimeoutError):
            await value.refresh()
        return value.read() == 9

    await eventually(renewed)


async def test_one_disk_that_hangs_delays_no_other_value_and_is_logged(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.app.disk_values.REFRESH_SECONDS", 0.01)
    monkeypatch.setattr("bridge.app.disk_values.TIMEOUT_SECONDS", 0.05)
    lines, other = Lines(), Disk()
    values = DiskValues(RepeatedLog(lines))
    values.add("certificates", disk.read, 0)
    free = values.add("disk_free", other.read, 0)
    disk.turns.clear()
    task = asyncio.create_task(values.run())
    await eventually(lambda: other.calls > 5 and lines.lines)
    assert free.read() == 7
    assert (lines.lines, disk.calls) == ([("disk.hangs", "certificates")], 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
