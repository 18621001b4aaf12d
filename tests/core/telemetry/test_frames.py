"""Frames and stamps: what becomes one point, and when."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.clock import Unix
from bridge.core.model import ChargerId, Session
from bridge.core.output.outbox import Outbox
from bridge.core.output.timestamps import Timestamps
from bridge.core.output.writer import Writer
from bridge.core.telemetry.config import TelemetryConfig
from tests.kit.core import EPOCH, Bench

DOCUMENT = (
    ("amp", "16.2"), ("amp1", "16.2"), ("amp2", "0"), ("amp3", "0"), ("voltage", "231"),
    ("v1", "231"), ("v2", "0"), ("v3", "0"), ("pilot", "16"), ("wh", "1234.5"), ("state", "3"),
    ("freeram", "123456"), ("srssi", "-61"), ("temp1", "false"),
)  # fmt: skip


def listening() -> Bench:
    bench = Bench()
    bench.announce()
    return bench


def say(bench: Bench, *members: tuple[str, str], gap: float = 0.01) -> None:
    bench.hear(*((f"charger/one/{key}", value) for key, value in members), gap=gap)


def test_a_document_becomes_one_point() -> None:
    bench = listening()
    say(bench, *DOCUMENT)
    bench.wait(0.3)
    assert bench.lines() == [
        (
            "evse,charger=abc123 current_1=16.2,current_2=0.0,current_3=0.0,voltage_1=231.0,"
            "pilot=16.0,energy=1234.5,state_code=3i,heap_free=123456i,rssi=-61i,power=3742.2,"
            "energy_total=1234.5,polled=0i"
        )
    ]


def test_a_point_carries_the_arrival_of_its_first_member() -> None:
    bench = listening()
    say(bench, *DOCUMENT)
    bench.wait(0.3)
    assert bench.out.lines[0].endswith(b" %d" % int(EPOCH * 1000))


def test_a_frame_stays_open_until_it_is_quiet_for_the_gap() -> None:
    bench = listening()
    say(bench, ("amp", "1"), gap=0)
    bench.wait(0.24)
    assert (bench.points(), bench.out.readings_open) == ([], 1)
    bench.wait(0.02)
    assert (bench.points(), bench.out.readings_open) == (["current_1=1.0,polled=0i"], 0)


def test_a_field_that_repeats_begins_a_new_frame() -> None:
    bench = listening()
    say(bench, ("amp", "1"), ("pilot", "6"), ("amp", "2"))
    assert bench.points() == ["current_1=1.0,pilot=6.0,polled=0i"]


def test_a_frame_lasts_two_seconds_at_most() -> None:
    bench = listening()
    names = ("amp", "amp2", "amp3", "pilot", "wh", "freeram", "srssi", "charge_rate",
             "available_current", "smoothed_available_current", "temp1")  # fmt: skip
    say(bench, *((name, "-50" if name == "srssi" else "20") for name in names), gap=0.2)
    assert len(bench.points()) == 1
    assert bench.out.readings == [10]


def test_the_better_name_of_a_value_wins_and_the_other_one_is_an_alias() -> None:
    for first, second in (("amp", "amp1"), ("amp1", "amp")):
        bench = listening()
        values = {"amp": "1", "amp1": "2"}
        say(bench, (first, values[first]), (second, values[second]))
        bench.wait(1)
        assert bench.points() == ["current_1=2.0,polled=0i"]
        assert bench.discarded() == {"alias": 1}
        assert bench.metrics()['evse_current_amperes{charger="abc123",phase="1"}'] == 2


def test_a_bad_value_never_takes_its_frame_along() -> None:
    bench = listening()
    say(bench, ("amp", "7"), ("voltage", "rubbish"), ("pilot", "null"), ("wh", "10"))
    bench.wait(1)
    assert bench.points() == ["current_1=7.0,energy=10.0,energy_total=10.0,polled=0i"]
    assert bench.discarded() == {"malformed": 1, "implausible": 1}


def test_a_lone_change_of_state_is_a_point_at_once() -> None:
    bench = listening()
    say(bench, ("amp", "0"), ("state", "2"))
    bench.wait(1)
    say(bench, ("state", "3"))
    assert bench.points()[-1] == "state_code=3i,polled=0i"
    assert bench.out.readings_open == 0


def test_a_state_that_did_not_change_opens_a_frame_like_any_field() -> None:
    bench = listening()
    say(bench, ("state", "2"))
    bench.wait(1)
    say(bench, ("state", "2"), ("amp", "0"))
    bench.wait(1)
    assert bench.points()[-1] == "state_code=2i,current_1=0.0,polled=0i"


def test_two_changes_of_state_in_one_breath_are_two_points() -> None:
    bench = listening()
    say(bench, ("state", "2"))
    bench.wait(1)
    say(bench, ("state", "6"), ("state", "2"))
    assert bench.points()[-2:] == ["state_code=6i,polled=0i", "state_code=2i,polled=0i"]


def test_an_unused_phase_without_voltage_is_no_error() -> None:
    bench = listening()
    say(bench, ("amp2", "0"), ("v2", "0"), ("v3", "0"))
    assert bench.discarded() == {"no_sensor": 2}


def test_a_phase_that_carries_current_cannot_have_no_voltage() -> None:
    bench = listening()
    say(bench, ("amp2", "7"), ("v2", "0"))
    assert bench.discarded() == {"implausible": 1}


def test_power_is_summed_over_the_phases_that_have_both() -> None:
    bench = listening()
    say(bench, ("amp1", "10"), ("amp2", "10"), ("amp3", "5"), ("v1", "230"), ("v2", "231"))
    bench.wait(1)
    assert "power=4610.0" in bench.points()[0]
    assert bench.metrics()['evse_power_watts{charger="abc123"}'] == 4610


def test_power_that_the_charger_sends_itself_is_not_computed() -> None:
    bench = listening()
    say(bench, ("amp", "10"), ("voltage", "230"), ("power", "2222"))
    bench.wait(1)
    assert "power=2222.0" in bench.points()[0]
    assert bench.points()[0].count("power=") == 1


def test_power_is_computed_until_the_charger_really_sends_it() -> None:
    bench = listening()
    bench.hear(("charger/one/power", "1"), retained=True)
    say(bench, ("power", "null"))
    bench.wait(1)
    say(bench, ("amp", "5"), ("voltage", "230"))
    bench.wait(1)
    assert "power=1150.0" in bench.points()[-1]


def test_the_metric_shows_the_better_name_also_when_the_other_one_changed() -> None:
    bench = listening()
    for amp in ("10", "12"):
        say(bench, ("amp", amp), ("amp1", "10"))
        bench.wait(1)
    assert bench.metrics()['evse_current_amperes{charger="abc123",phase="1"}'] == 10


def test_a_clock_is_kept_as_its_skew_against_the_arrival() -> None:
    bench = listening()
    say(bench, ("time", "2026-09-21T14:14:20Z"))
    bench.wait(1)
    assert bench.points() == ["clock_skew=60.0,polled=0i"]
    assert bench.metrics()['evse_clock_skew_seconds{charger="abc123"}'] == 60


def test_a_clock_before_its_first_setting_is_no_sample() -> None:
    bench = listening()
    say(bench, ("time", "1970-01-01T00:01:00Z"), ("time", "2027-01-01T00:00:00Z"))
    assert bench.discarded() == {"implausible": 2}


def test_a_flood_from_one_charger_is_cut_off_but_for_the_newest_and_counted() -> None:
    bench = Bench(telemetry_config=TelemetryConfig(readings_per_second=10))
    bench.announce()
    for n in range(100):
        bench.hear(("charger/one/pilot", str(n % 50)), gap=0)
    assert bench.discarded() == {"limit": 79}


def test_retained_telemetry_is_never_a_sample() -> None:
    bench = listening()
    bench.hear(("charger/one/amp", "16"), ("charger/one/state", "3"), retained=True)
    bench.wait(1)
    assert bench.discarded() == {"retained": 2}
    assert bench.points() == []
    assert bench.metrics()['evse_up{charger="abc123"}'] == 0


def test_what_others_say_below_a_charger_is_counted_and_no_more() -> None:
    bench = listening()
    bench.hear(
        ("charger/one/rapi/in/$SC", "13"), ("charger/one/rapi/out", "$OK 02 0 02 0100^11"),
        ("charger/one/divertmode/set", "1"), ("charger/one/override/set", "{}"),
        ("charger/one/rapi/out", "$NK^21"),
        ("charger/one/config", '{"ssid":"home"}'), ("charger/one/claim", "{}"),
        ("charger/one/schedule", "[]"), ("charger/one/limit", "{}"),
        ("charger/one/override", "clear"), ("charger/one/whatever", '{"a":1}'),
        ("charger/one/tesla/batteryRange", "211"), ("charger/one/amp/x", "1"),
    )  # fmt: skip
    bench.hear(("charger/one/config", '{"ssid":"home"}'), retained=True)
    bench.wait(1)
    assert bench.discarded() == {"command": 5, "not_telemetry": 7, "unknown_field": 2}
    assert bench.points() == []


def test_unknown_keys_do_not_fill_the_memory() -> None:
    bench = listening()
    for n in range(1000):
        bench.hear((f"charger/one/key{n}", "1"), gap=0)
    assert bench.discarded() == {"unknown_field": 1000}
    assert len(bench.routes.routes) == 64


@given(st.lists(st.floats(min_value=0, max_value=2e9), min_size=1, max_size=50))
def test_stamps_strictly_increase_save_for_steps_back_of_over_a_minute(
    arrivals: list[float],
) -> None:
    stamps = Timestamps()
    given_ = [stamps.next(Unix(at)) for at in arrivals]
    assert all(a < b or a - b > 60_000 for a, b in pairwise(given_))
    assert all(stamp - at * 1000 <= 60_050 for stamp, at in zip(given_, arrivals, strict=True))


def test_a_stamp_is_the_arrival_when_that_is_later_than_the_last() -> None:
    stamps = Timestamps(5_000)
    assert [stamps.next(Unix(4.0)), stamps.next(Unix(5.0005)), stamps.next(Unix(6.5))] == [
        5001,
        5002,
        6500,
    ]


def restarted_with_the_clock_back(seconds: float) -> tuple[int, Bench]:
    """The last timestamp of the run before, and the run that began `seconds` earlier."""
    before = listening()
    say(before, ("amp", "1"))
    before.wait(1)
    bench = Bench()
    bench.wall = before.wall - seconds
    bench.restore(before.saved(), trusted=True, floor_ms=0)
    say(bench, ("amp", "2"))
    bench.wait(1)
    return int(before.out.lines[-1].rsplit(b" ", 1)[1]), bench


def test_stamps_go_on_after_a_restart_although_the_clock_stepped_back_a_little() -> None:
    last, bench = restarted_with_the_clock_back(50)
    assert bench.out.lines[-1].endswith(b" %d" % (last + 1))


@pytest.mark.parametrize("seconds", [90, 7200, 40 * 86_400])
def test_after_a_restart_with_the_clock_set_back_stamps_are_true(seconds: float) -> None:
    last, bench = restarted_with_the_clock_back(seconds)
    stamp = next(
        int(line.rsplit(b" ", 1)[1]) for line in bench.out.lines if line.startswith(b"evse,")
    )
    assert stamp == pytest.approx(last - (seconds - 1) * 1000, abs=1000)
    kind, _, text = bench.events()[-1]
    assert (kind, text.startswith("timestamps go back by ")) == ("clock", True)


def test_two_sessions_that_end_at_once_are_two_points() -> None:
    out = Outbox()
    writer = Writer(ChargerId("a"), out=out, tags={}, floor_ms=0)
    session = Session(ChargerId("a"), Unix(1.0), Unix(2.0), 1.0, 1.0, 5.0, 6.0, 7.0)
    writer.write_session(session)
    writer.write_session(session)
    assert [line.rsplit(b" ", 1)[1] for line in out.lines] == [b"2000", b"2001"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from([*DOCUMENT, ("state", "2"), ("state", "6"), ("amp", "junk"), ("wh", "0"),
                         ("x", "1"), ("rapi/out", "$OK^20")]),
        st.sampled_from([0.0, 0.001, 0.05, 0.3, 2.5, 40.0, -3600.0]),
        st.booleans(),
    ),
    max_size=80,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_any_course_of_messages_adds_up_and_shares_no_stamp(
    steps: list[tuple[str, tuple[str, str], float, bool]],
) -> None:
    bench = Bench()
    for n, base in enumerate(("one", "two", "three")):
        bench.announce(f"id{n}", f"charger/{base}", topic=f"openevse/announce/{base}")
    for base, (key, value), pause, retained in steps:
        bench.hear((f"charger/{base}/{key}", value), retained=retained, gap=0)
        bench.wall += pause
        bench.steady += max(0.0, pause)
        bench.pipeline.close_quiet_frames(bench.now)
        _adds_up(bench, len(steps))
    bench.registry.close()
    assert bench.out.readings_open == 0
    _adds_up(bench, len(steps))
    _no_stamp_twice(bench)
    assert bench.words.bugs == []


def _adds_up(bench: Bench, most: int) -> None:
    accounts, out = bench.accounts, bench.out
    assert accounts.received <= most
    assert accounts.received == out.readings_open + out.readings_held + sum(
        accounts.discarded.values()
    )
    assert out.readings_held == sum(out.readings)


def _no_stamp_twice(bench: Bench) -> None:
    last: dict[bytes, int] = {}
    for line in bench.out.lines:
        series, stamp = line.split(b" ", 1)[0].split(b",kind=")[0], int(line.rsplit(b" ", 1)[1])
        assert stamp > last.get(series, 0) or last[series] - stamp > 60_000
        last[series] = stamp
