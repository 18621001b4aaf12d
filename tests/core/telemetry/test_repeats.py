"""Messages that a broker delivered twice: they add nothing; any other repeat ends the frame."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.telemetry.test_frames import DOCUMENT, listening, say
from tests.kit.core import Bench

Members = list[tuple[str, str]]


def test_every_message_twice_is_one_point_with_its_power() -> None:
    bench = listening()
    say(bench, *(member for member in DOCUMENT for _ in range(2)), gap=0.001)
    bench.wait(1)
    assert len(bench.points()) == 1
    assert "power=3742.2" in bench.points()[0]
    # Of 28 messages 9 are members, and three that are no values came twice.
    assert bench.discarded() == {"alias": 28 - 9 - 6, "no_sensor": 6}


def test_a_whole_document_twice_is_one_point() -> None:
    bench = listening()
    say(bench, *DOCUMENT, *DOCUMENT, gap=0.001)
    bench.wait(1)
    assert len(bench.points()) == 1
    assert bench.discarded() == {"alias": 28 - 9 - 6, "no_sensor": 6}


def test_a_slow_whole_document_twice_is_one_point() -> None:
    bench = listening()
    for _ in range(2):
        for member in (("amp", "1"), ("pilot", "6"), ("wh", "7"), ("freeram", "5000")):
            say(bench, member, gap=0)
            bench.wait(0.2)
    bench.wait(1)
    assert bench.points() == [
        "current_1=1.0,pilot=6.0,energy=7.0,heap_free=5000i,energy_total=7.0,polled=0i"
    ]
    assert bench.discarded() == {"alias": 4}


def test_three_deliveries_are_one_point() -> None:
    bench = listening()
    say(bench, *(member for member in DOCUMENT[8:11] for _ in range(3)), gap=0.001)
    bench.wait(1)
    assert bench.points() == [
        "pilot=16.0,energy=1234.5,state_code=3i,energy_total=1234.5,polled=0i"
    ]
    assert bench.discarded() == {"alias": 6}


def test_a_lone_state_twice_is_one_point() -> None:
    bench = listening()
    say(bench, ("state", "2"))
    bench.wait(1)
    say(bench, ("state", "6"), ("state", "6"), ("state", "2"), ("state", "2"))
    bench.wait(1)
    assert bench.points()[1:] == ["state_code=6i,polled=0i", "state_code=2i,polled=0i"]
    assert bench.discarded() == {"alias": 2}


def test_a_clock_twice_does_not_end_the_frame() -> None:
    bench = listening()
    clock = ("time", "2026-09-21T14:14:20Z")
    say(bench, ("amp", "1"), clock, clock, ("pilot", "6"))
    bench.wait(1)
    assert bench.points() == ["current_1=1.0,clock_skew=59.99,pilot=6.0,polled=0i"]


def test_a_document_that_begins_like_the_last_one_is_a_document_of_its_own() -> None:
    bench = listening()
    say(bench, ("amp", "1"), ("pilot", "6"), ("wh", "7"))
    say(bench, ("amp", "1"), ("pilot", "6"), ("wh", "8"))
    bench.wait(1)
    assert bench.points() == [
        "current_1=1.0,pilot=6.0,energy=7.0,energy_total=7.0,polled=0i",
        "current_1=1.0,pilot=6.0,energy=8.0,energy_total=8.0,polled=0i",
    ]
    assert bench.discarded() == {}


def test_a_part_of_a_document_again_is_a_document_of_its_own() -> None:
    bench = listening()
    say(bench, ("amp", "1"), ("pilot", "6"), ("amp", "1"))
    assert (bench.out.readings_open, bench.points()) == (3, [])
    bench.wait(1)
    assert bench.points() == ["current_1=1.0,pilot=6.0,polled=0i", "current_1=1.0,polled=0i"]
    assert (bench.out.readings_open, bench.discarded()) == (0, {})


def test_a_shorter_document_before_a_longer_one_stays_apart() -> None:
    bench = listening()
    say(bench, ("pilot", "6"), ("wh", "5"))
    say(bench, ("pilot", "6"), ("amp", "1"), ("wh", "5"))
    bench.wait(1)
    assert bench.points() == [
        "pilot=6.0,energy=5.0,energy_total=5.0,polled=0i",
        "pilot=6.0,current_1=1.0,energy=5.0,energy_total=5.0,polled=0i",
    ]


def test_a_whole_document_in_another_order_whose_last_member_comes_twice_adds_nothing() -> None:
    bench = listening()
    document = (("amp1", "16"), ("pilot", "16"), ("amp", "16"))
    say(bench, *document, document[0], document[2], document[1], document[1])
    bench.wait(1)
    assert bench.points() == ["current_1=16.0,pilot=16.0,polled=0i"]


def test_a_repeat_after_the_gap_is_a_document_of_its_own() -> None:
    bench = listening()
    say(bench, ("amp", "1"), ("pilot", "6"))
    bench.wait(0.3)
    say(bench, ("amp", "1"), ("pilot", "6"))
    bench.wait(0.3)
    assert bench.points() == ["current_1=1.0,pilot=6.0,polled=0i"] * 2
    assert bench.discarded() == {}


VALUES = {
    "amp": ("16", "7.5"), "amp1": ("16", "false"), "voltage": ("231", "230"), "v1": ("231", "0"),
    "pilot": ("16", "null"), "wh": ("1234.5", "1235"), "state": ("1", "2", "3", "6"),
    "srssi": ("-61", "junk"), "temp1": ("false", "210"), "power": ("3700", "0"),
    "time": ("2026-09-21T14:14:20Z", "2026-09-21T14:14:21Z"),
}  # fmt: skip
MEMBER = st.sampled_from(sorted(VALUES)).flatmap(
    lambda key: st.tuples(st.just(key), st.sampled_from(VALUES[key]))
)
STREAM = st.lists(st.tuples(MEMBER, st.sampled_from((0.0, 0.01, 0.1, 0.3, 2.5, 40.0))), max_size=60)
DOCUMENTS = st.lists(
    st.lists(MEMBER, min_size=1, max_size=10, unique_by=lambda member: member[0]), max_size=6
)


def hear(stream: list[tuple[tuple[str, str], float]], times: int) -> Bench:
    """The lines of a stream whose every message arrives so many times, one right after another."""
    bench = listening()
    for member, pause in stream:
        for _ in range(times):
            say(bench, member, gap=0)
        bench.wait(pause)
    bench.wait(5)
    return bench


@settings(max_examples=200, deadline=None)
@given(STREAM)
def test_any_stream_twice_yields_the_same_lines_as_once(
    stream: list[tuple[tuple[str, str], float]],
) -> None:
    # A stream in which the charger itself repeats a message is not told from a double delivery.
    once, twice = hear(without_repeats(stream), 1), hear(without_repeats(stream), 2)
    assert twice.out.lines == once.out.lines
    adds_up(once)
    adds_up(twice)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_any_documents_twice_yield_the_same_lines_as_once(documents: list[Members]) -> None:
    lines = []
    for times in (1, 2):
        bench = listening()
        # A changed state that opens a document is a point of its own.
        bench.hear(("charger/one/state", "1"), gap=0)
        bench.wait(5)
        for document in documents:
            ordered = sorted(document, key=lambda member: member[0] == "state")
            for _ in range(times if len(ordered) > 1 else 1):
                say(bench, *ordered, gap=0)
            bench.wait(5)
        lines.append(bench.out.lines)
        adds_up(bench)
    assert lines[0] == lines[1]


def without_repeats(
    stream: list[tuple[tuple[str, str], float]],
) -> list[tuple[tuple[str, str], float]]:
    return [
        (member, pause)
        for n, (member, pause) in enumerate(stream)
        if n == 0 or stream[n - 1][0] != member
    ]


def adds_up(bench: Bench) -> None:
    accounts, out = bench.accounts, bench.out
    discarded = sum(accounts.discarded.values())
    assert accounts.received == out.readings_open + out.readings_held + discarded
    assert bench.words.bugs == []
