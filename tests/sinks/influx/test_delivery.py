"""The delivery's pace and patience: stores that are away, disks in trouble, cancellations."""

import asyncio
from collections import Counter

from bridge.core.backoff import Backoff
from bridge.core.errors import SinkBusy, SinkDenied
from tests.kit.backlog import NOW, Answering, FillsTheDisk, MemoryBacklog, Scene, Silent, numbered
from tests.kit.support import eventually


async def test_what_is_stored_is_settled_and_counted() -> None:
    scene = await Scene(MemoryBacklog(numbered(3), [5, 1, 2]), Answering()).deliver()
    assert scene.backlog.acknowledged == [(3, 1_700_000_000_000)]
    assert scene.report.points == {"stored": 3}
    assert scene.report.readings == {"stored": 8}
    assert scene.report.unix == NOW


async def test_a_busy_store_gets_the_same_again_after_growing_waits() -> None:
    busy = [SinkBusy("away") for _ in range(9)]
    store = Answering(*busy)
    scene = await Scene(MemoryBacklog(numbered(2)), store).deliver()
    assert store.written == [numbered(2)] * 10
    assert scene.sleeps.seconds == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert scene.report.outcomes == ["busy"] * 9 + ["stored"]
    assert scene.report.troubles == [("busy", "away")] * 9


async def test_the_wait_that_a_store_asks_for_is_kept() -> None:
    scene = Scene(MemoryBacklog(numbered(1)), Answering(SinkBusy("later", 120.0)))
    await scene.deliver()
    assert scene.sleeps.seconds == [120.5]


async def test_after_a_success_the_next_wait_is_short_again() -> None:
    store = Answering(SinkBusy("away"), SinkBusy("away"))
    scene = await Scene(MemoryBacklog(numbered(1)), store).deliver()
    store.answers.append(SinkBusy("away"))
    scene.backlog.append(b"evse n=9")
    await scene.deliver()
    assert scene.sleeps.seconds == [0.5, 1.0, 0.5]


def test_jitter_spreads_the_waits_from_nothing_to_all() -> None:
    chances = iter([0.0, 0.5, 1.0])
    backoff = Backoff(lambda: next(chances))
    assert [backoff.next() for _ in range(3)] == [0.0, 0.5, 2.0]


async def test_who_is_denied_complains_and_tries_again() -> None:
    scene = await Scene(MemoryBacklog(numbered(1)), Answering(SinkDenied("HTTP 401"))).deliver()
    assert scene.report.troubles == [("denied", "HTTP 401")]
    assert scene.report.outcomes == ["denied", "stored"]


async def test_disk_trouble_is_waited_out() -> None:
    backlog = MemoryBacklog(numbered(2))
    backlog.trouble = 3
    scene = await Scene(backlog, Answering()).deliver()
    assert scene.sleeps.seconds == [0.5, 1.0, 2.0]
    assert len(scene.report.journal_troubles) == 3
    assert scene.report.points == {"stored": 2}


async def test_disk_trouble_while_settling_does_not_send_the_lines_again() -> None:
    backlog = MemoryBacklog(numbered(2))
    store = FillsTheDisk(backlog)
    scene = await Scene(backlog, store).deliver()
    assert store.written == [numbered(2)]
    assert scene.report.points == {"stored": 2}


async def test_behind_it_sends_full_batches_back_to_back() -> None:
    store = Answering()
    scene = Scene(MemoryBacklog(numbered(12)), store, batch=4)
    task = asyncio.create_task(scene.delivery.run())
    await eventually(lambda: len(store.written) == 3)
    paused_after = len(scene.sleeps.seconds)
    task.cancel()
    await asyncio.wait({task})
    assert [len(lines) for lines in store.written] == [4, 4, 4]
    assert paused_after <= 1


async def test_caught_up_it_waits_out_the_flush_interval() -> None:
    store, backlog = Answering(), MemoryBacklog(numbered(1))
    scene = Scene(backlog, store, flush_every=30.0)
    task = asyncio.create_task(scene.delivery.run())
    await eventually(lambda: scene.sleeps.seconds)
    task.cancel()
    await asyncio.wait({task})
    assert 29.0 < scene.sleeps.seconds[0] <= 30.0


async def test_lines_that_come_later_are_delivered() -> None:
    store, backlog = Answering(), MemoryBacklog([])
    task = asyncio.create_task(Scene(backlog, store).delivery.run())
    backlog.append(b"evse n=1")
    await eventually(lambda: store.stored == {b"evse n=1"})
    backlog.append(b"evse n=2")
    await eventually(lambda: store.stored == {b"evse n=1", b"evse n=2"})
    task.cancel()
    await asyncio.wait({task})


async def test_cancelled_in_a_write_the_cursor_stays_and_nothing_is_counted() -> None:
    backlog, store = MemoryBacklog(numbered(2)), Silent()
    scene = Scene(backlog, store)
    task = asyncio.create_task(scene.delivery.run())
    await store.written.wait()
    task.cancel()
    await asyncio.wait({task})
    assert (backlog.cursor, scene.report.points, scene.report.outcomes) == (0, Counter(), [])


async def test_cancelled_while_settling_cursor_and_counts_agree() -> None:
    backlog = MemoryBacklog(numbered(2))
    backlog.acknowledging = asyncio.Event()
    scene = Scene(backlog, Answering())
    task = asyncio.create_task(scene.delivery.run())
    await backlog.acknowledging.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert (backlog.cursor, scene.report.points) == (2, {"stored": 2})


async def test_a_drain_gives_up_in_time() -> None:
    scene = Scene(MemoryBacklog(numbered(2)), Silent())
    await asyncio.wait_for(scene.delivery.drain(0.05), 5)
    assert scene.backlog.cursor == 0


async def test_a_drain_with_nothing_to_do_returns_at_once() -> None:
    await asyncio.wait_for(Scene(MemoryBacklog([]), Answering()).delivery.drain(60), 5)
