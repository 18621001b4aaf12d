"""Every good line is stored, every bad one refused once, whatever a store answers."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.errors import SinkBusy, SinkDenied, SinkRefused, SinkTooLarge
from bridge.core.output.batch import RefusedLine
from bridge.sinks.influx.client import InfluxClient
from tests.kit.backlog import Answering, MemoryBacklog, Picky, Scene, numbered
from tests.kit.influx_standin import (
    LIMITED,
    TOO_LARGE,
    UNAUTHORIZED,
    Answer,
    InfluxStandin,
    Version,
)


async def test_a_body_that_is_too_large_goes_in_halves() -> None:
    store = Answering(SinkTooLarge("HTTP 413"))
    await Scene(MemoryBacklog(numbered(5)), store).deliver()
    assert [len(lines) for lines in store.written] == [5, 2, 3]
    assert store.stored == set(numbered(5))


async def test_a_single_line_that_is_too_large_is_refused() -> None:
    store = Answering(SinkTooLarge("HTTP 413"), SinkTooLarge("HTTP 413: one line"))
    scene = await Scene(MemoryBacklog(numbered(2), [3, 4]), store).deliver()
    assert scene.backlog.refusals == [RefusedLine(b"evse n=0", "HTTP 413: one line", 3)]
    assert scene.report.readings == {"stored": 4, "refused": 3}


async def test_named_lines_of_a_partial_write_are_refused_without_another_request() -> None:
    store = Answering(SinkRefused("partial", bad={1: "wrong type"}, partial=True))
    scene = await Scene(MemoryBacklog(numbered(3)), store).deliver()
    assert len(store.written) == 1
    assert scene.backlog.refusals == [RefusedLine(b"evse n=1", "wrong type", 1)]
    assert scene.report.points == {"stored": 2, "refused": 1}
    assert scene.report.troubles == [("refused", "wrong type")]


async def test_named_lines_of_a_whole_refusal_are_left_out_and_the_rest_sent_again() -> None:
    store = Answering(SinkRefused("nothing stored", bad={1: "wrong type"}))
    await Scene(MemoryBacklog(numbered(3)), store).deliver()
    assert store.written == [numbered(3), [b"evse n=0", b"evse n=2"]]


async def test_fewer_names_than_dropped_lines_are_not_taken_for_all() -> None:
    store = Answering(SinkRefused("partial", bad={1: "wrong type"}, dropped=2, partial=True))
    await Scene(MemoryBacklog(numbered(3)), store).deliver()
    assert store.written == [numbered(3), [b"evse n=0", b"evse n=2"]]


async def test_when_all_lines_were_dropped_one_request_is_enough() -> None:
    store = Answering(SinkRefused("beyond retention dropped=4", dropped=4, partial=True))
    scene = await Scene(MemoryBacklog(numbered(4)), store).deliver()
    assert len(store.written) == 1
    assert scene.report.points == {"refused": 4}


async def test_each_of_several_refused_lines_has_its_own_reason() -> None:
    whole = "max-values-per-tag limit exceeded: n=0 dropped=2"
    store = Answering(
        SinkRefused(whole, dropped=2, partial=True, first_only=True),
        SinkRefused("limit exceeded: n=0", dropped=1, partial=True, first_only=True),
        SinkRefused("invalid field name: n=1", dropped=1, partial=True, first_only=True),
    )
    scene = await Scene(MemoryBacklog(numbered(2)), store).deliver()
    assert [each.reason for each in scene.backlog.refusals] == [
        "limit exceeded: n=0", "invalid field name: n=1",
    ]  # fmt: skip


async def test_an_unnamed_bad_line_is_found_by_halving() -> None:
    store = Picky()
    scene = await Scene(MemoryBacklog(numbered(8, bad=[5])), store).deliver()
    assert [refusal.line for refusal in scene.backlog.refusals] == [b"evse n=5 bad"]
    assert [len(lines) for lines in store.written] == [8, 4, 4, 2, 1, 1, 2]
    assert store.stored == set(numbered(8, bad=[5])) - {b"evse n=5 bad"}


async def test_trouble_in_the_middle_of_halving_goes_on_where_it_was() -> None:
    store = Answering(
        SinkRefused("bad"), SinkBusy("away"), SinkDenied("HTTP 403"), SinkRefused("this one")
    )
    scene = await Scene(MemoryBacklog(numbered(2)), store).deliver()
    assert [len(lines) for lines in store.written] == [2, 1, 1, 1, 1]
    assert scene.backlog.refusals == [RefusedLine(b"evse n=0", "this one", 1)]


async def test_refused_lines_are_not_in_the_way_of_later_ones() -> None:
    store = Picky()
    scene = Scene(MemoryBacklog(numbered(20, bad=range(10))), store, batch=5)
    await scene.deliver()
    assert store.stored == set(numbered(20)[10:])
    assert scene.report.points == {"refused": 10, "stored": 10}


TROUBLES: list[Answer] = [LIMITED, UNAUTHORIZED, TOO_LARGE]


@pytest.mark.parametrize("version", list(Version))
@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(st.sampled_from([b"fine", b"bad", b"conflict"]), min_size=1, max_size=40),
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=4),
    batch=st.integers(1, 40),
    most_lines=st.integers(1, 40),
)
def test_every_good_line_is_stored_and_every_bad_one_refused_once(
    version: Version, kinds: list[bytes], troubles: list[Answer], batch: int, most_lines: int
) -> None:
    lines = [b"evse,n=%d %s=1 1700000000000" % each for each in enumerate(kinds)]
    readings = [1 + number % 7 for number in range(len(lines))]
    backlog = MemoryBacklog(lines, readings)
    if min(len(lines), batch) <= 16:
        # Four times too large would come down to a single good line, rightly refused.
        troubles = [each for each in troubles if each is not TOO_LARGE]

    async def play() -> tuple[list[bytes], Scene]:
        async with InfluxStandin(version, most_lines=most_lines) as standin:
            standin.answers.extend(troubles)
            influx = InfluxClient(
                url=standin.url, org="", bucket="b", token=lambda: "t", timeout=5, ca_file=None
            )
            scene = await Scene(backlog, influx, batch=batch).deliver()
            await influx.close()
            return standin.stored, scene

    stored, scene = asyncio.run(play())
    good = [line for line in lines if b"fine" in line]
    bad = [line for line in lines if b"fine" not in line]
    assert set(stored) == set(good)
    assert sorted(refusal.line for refusal in backlog.refusals) == sorted(bad)
    assert scene.report.points == Counter(stored=len(good), refused=len(bad))
    assert scene.report.readings.total() == sum(readings)
    refused = sum(refusal.readings for refusal in backlog.refusals)
    assert scene.report.readings["refused"] == refused
