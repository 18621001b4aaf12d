"""A column that the store has as another type is left out; the rest of the point is stored."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.errors import SinkRefused, TypeConflict
from bridge.core.output.batch import RefusedLine
from bridge.core.output.columns import readings_in, split_line
from bridge.sinks.influx.client import InfluxClient
from bridge.sinks.influx.withheld_columns import MOST, WithheldColumns
from tests.kit.backlog import MemoryBacklog, Scene
from tests.kit.influx_standin import InfluxStandin, TypedColumn, Version

HEAD = b"evse,charger=one"


def line(fields: str, second: int = 0) -> bytes:
    return b"%s %s %d" % (HEAD, fields.encode(), 1_700_000_000_000 + 1000 * second)


def client(standin: InfluxStandin, token: str = "a-secret-token") -> InfluxClient:
    return InfluxClient(
        url=standin.url, org="", bucket="b", token=lambda: token, timeout=5, ca_file=None
    )


async def delivered(
    lines: Sequence[bytes], readings: Sequence[int], *typed: TypedColumn,
    version: Version = Version.V2, token: str = "a-secret-token",
) -> tuple[InfluxStandin, Scene]:  # fmt: skip
    async with InfluxStandin(version) as standin:
        standin.typed.extend(typed)
        influx = client(standin, token)
        scene = await Scene(MemoryBacklog(lines, readings), influx).deliver()
        await influx.close()
    return standin, scene


@pytest.mark.parametrize("version", list(Version))
async def test_a_point_is_stored_without_the_column_of_another_type(version: Version) -> None:
    lines = [line("current_1=16.0,pilot=16.0,polled=0i"), line("pilot=6.0,polled=0i", 1)]
    typed = TypedColumn("current_1")
    standin, scene = await delivered(lines, [2, 1], typed, version=version)
    assert set(standin.stored) == {line("pilot=16.0,polled=0i"), line("pilot=6.0,polled=0i", 1)}
    (refusal,) = scene.backlog.refusals
    assert (refusal.line, refusal.readings) == (line("current_1=16.0"), 1)
    assert typed.reason(version) in refusal.reason
    assert refusal.column_alone
    assert scene.report.points == {"stored": 2, "refused": 0}
    assert scene.report.readings == {"stored": 2, "refused": 1}
    assert scene.report.columns == 1


@pytest.mark.parametrize("version", list(Version))
async def test_two_columns_in_one_request_each_have_their_own_reason(version: Version) -> None:
    lines = [line("temp1=21.5,pilot=16.0"), line("rssi=-60i,pilot=16.0", 1)]
    typed = [TypedColumn("temp1"), TypedColumn("rssi")]
    standin, scene = await delivered(lines, [2, 2], *typed, version=version)
    assert set(standin.stored) == {line("pilot=16.0"), line("pilot=16.0", 1)}
    assert [each.line for each in scene.backlog.refusals] == [line("temp1=21.5"),
                                                             line("rssi=-60i", 1)]  # fmt: skip
    for column, refusal in zip(typed, scene.backlog.refusals, strict=True):
        assert f"{column.column}" in refusal.reason


@pytest.mark.parametrize("version", list(Version))
async def test_two_columns_of_one_point_are_both_left_out(version: Version) -> None:
    typed = [TypedColumn("temp1"), TypedColumn("rssi")]
    standin, scene = await delivered(
        [line("temp1=21.5,rssi=-60i,pilot=16.0")], [3], *typed, version=version
    )
    assert standin.stored == [line("pilot=16.0")]
    assert scene.report.readings == {"stored": 1, "refused": 2}


async def test_a_point_with_nothing_else_is_refused_whole() -> None:
    standin, scene = await delivered([line("temp1=21.5")], [1], TypedColumn("temp1"))
    assert standin.stored == []
    (refusal,) = scene.backlog.refusals
    assert (refusal.line, refusal.readings, refusal.column_alone) == (line("temp1=21.5"), 1, False)
    assert scene.report.points == {"refused": 1}


async def test_a_column_of_another_measurement_stays() -> None:
    lines = [line("code=3i,polled=0i"), b'evse_event,charger=one code=3i,text="a, code=4" 5000']
    standin, scene = await delivered(lines, [1, 0], TypedColumn("code", "evse_event"))
    assert lines[0] in standin.stored
    assert b'evse_event,charger=one text="a, code=4" 5000' in standin.stored
    assert [each.readings for each in scene.backlog.refusals] == [0]


async def test_lines_of_an_older_week_keep_the_column() -> None:
    """1.8 and 2.x have the types of each shard."""
    lines = [line(f"temp1={n}.5,pilot=16.0", n) for n in range(8)]
    typed = TypedColumn("temp1", since_ms=1_700_000_005_000)
    standin, scene = await delivered(lines, [2] * 8, typed)
    assert set(lines[:5]) <= set(standin.stored)
    assert len(scene.backlog.refusals) == 3
    assert scene.report.readings == {"stored": 13, "refused": 3}


async def test_a_column_is_left_out_for_an_hour_and_then_tried_again() -> None:
    async with InfluxStandin() as standin:
        standin.typed.append(TypedColumn("temp1"))
        influx = client(standin)
        scene = Scene(MemoryBacklog([line("temp1=1.0,pilot=6.0")]), influx)
        await scene.deliver()
        assert len(standin.requests) == 2
        for second, requests in ((3599, 3), (3600, 5), (7199, 6)):
            scene.steady = second
            scene.backlog.append(line("temp1=1.0,pilot=6.0", second))
            await scene.deliver()
            assert len(standin.requests) == requests
        standin.typed.clear()
        scene.steady = 7200
        scene.backlog.append(line("temp1=2.0,pilot=6.0", 7200))
        await scene.deliver()
        await influx.close()
    assert standin.stored[-1] == line("temp1=2.0,pilot=6.0", 7200)
    assert scene.report.columns == 4


async def test_each_store_has_its_own_columns() -> None:
    """A mirror that has no such column receives it."""
    lines = [line("temp1=1.0,pilot=6.0")]
    main, _ = await delivered(lines, [2], TypedColumn("temp1"))
    mirror, _ = await delivered(lines, [2])
    assert (main.stored, mirror.stored) == ([line("pilot=6.0")], lines)


async def test_a_token_of_one_letter_hides_nothing_from_the_judgement() -> None:
    lines = [line("temp1=1.0,pilot=6.0"), line("pilot=6.0", 1)]
    standin, scene = await delivered(lines, [2, 1], TypedColumn("temp1"), token="p")
    assert line("pilot=6.0") in standin.stored
    (refusal,) = scene.backlog.refusals
    assert "p" not in refusal.reason.removeprefix("HTTP")


def test_a_reply_that_names_a_column_that_was_not_sent_refuses_the_line() -> None:
    class Named:
        async def write(self, lines: Sequence[bytes], /) -> None:
            raise SinkRefused("no", conflicts={TypeConflict("gone"): "no"})

    scene = Scene(MemoryBacklog([line("temp1=1.0")]), Named())  # type: ignore[arg-type]
    asyncio.run(scene.deliver())
    assert scene.backlog.refusals == [RefusedLine(line("temp1=1.0"), "no", 1)]


@pytest.mark.parametrize(
    ("fields", "readings", "column", "count"),
    [
        ("current_1=16.0,voltage_1=230.0,power=3680.0,polled=0i", 2, "current_1", 1),
        ("current_1=16.0,voltage_1=230.0,power=3680.0,polled=0i", 2, "power", 0),
        ("power=3680.0,pilot=16.0,polled=0i", 2, "power", 1),
        ("energy=5.0,energy_total=5.0,polled=1i", 1, "energy_total", 0),
        ("energy=5.0,energy_total=5.0,polled=1i", 1, "energy", 1),
        ("code=3i", 0, "code", 0),
    ],
)
def test_a_column_counts_as_the_reading_that_made_it(
    fields: str, readings: int, column: str, count: int
) -> None:
    assert readings_in(column, split_line(line(fields)), readings) == count


def test_what_is_remembered_of_a_hostile_store_is_bounded() -> None:
    withheld = WithheldColumns()
    withheld.add({TypeConflict(f"c{n}"): "no" for n in range(10 * MOST)}, 0.0)
    assert len(withheld.reasons(0.0)) == MOST
    assert withheld.reasons(3600.0) == {}


COLUMNS = ("current_1", "power", "energy_total", "temp1", "rssi")


@pytest.mark.parametrize("version", list(Version))
@settings(max_examples=25, deadline=None)
@given(
    points=st.lists(st.sets(st.sampled_from(COLUMNS)), min_size=1, max_size=150),
    typed=st.sets(st.sampled_from(COLUMNS)),
    most_lines=st.integers(1, 40),
    token=st.sampled_from(["", "a-secret-token", "p", "e"]),
)
def test_every_other_column_is_stored_and_every_reading_counted_once(
    version: Version, points: list[set[str]], typed: set[str], most_lines: int, token: str
) -> None:
    lines = [
        line(",".join([*(f"{each}=1.5" for each in sorted(columns)), "polled=0i"]), second)
        for second, columns in enumerate(points)
    ]
    readings = [len(columns - {"energy_total", "power"}) for columns in points]
    backlog = MemoryBacklog(lines, readings)

    async def play() -> tuple[set[bytes], Scene]:
        async with InfluxStandin(version, most_lines=most_lines) as standin:
            standin.typed.extend(map(TypedColumn, sorted(typed)))
            influx = client(standin, token)
            scene = await Scene(backlog, influx, batch=60).deliver()
            await influx.close()
            return set(standin.stored), scene

    stored, scene = asyncio.run(play())
    wanted = {
        line(",".join([*(f"{each}=1.5" for each in sorted(columns - typed)), "polled=0i"]), second)
        for second, columns in enumerate(points)
    }
    assert stored == wanted
    assert scene.report.columns == sum(len(columns & typed) for columns in points)
    refused = sum(len(columns & (typed - {"energy_total", "power"})) for columns in points)
    assert scene.report.readings["refused"] == refused
    assert scene.report.readings.total() == sum(readings)
