"""The controller's answers: their checksum, their form, what their words mean."""

import pytest

from bridge.core.fields.catalogue import LIVE
from bridge.core.rapi.line import RapiReply, read_line
from bridge.core.rapi.parts import RapiValue
from bridge.core.rapi.query import FORMS, Query, decode, members, query_named


def values(query: Query, line: str) -> tuple[RapiValue, ...]:
    reply = read_line(line)
    assert reply is not None
    assert reply.words is not None
    found = decode(query, reply.words)
    assert found is not None
    return found


def shown(query: Query, line: str) -> list[str]:
    return [f"{each.name} {each.text} {each.unit}".rstrip() for each in values(query, line)]


def test_the_queries_are_those_of_the_guide_and_no_others() -> None:
    expected = "$GV $GS $GT $GG $GP $GU $GF $GE $GC $GD $GA"
    assert [query.value for query in Query] == expected.split()


@pytest.mark.parametrize("text", ["$GS", "GS", "gs", "$gs", " $GS "])
def test_a_query_is_found_however_it_is_typed(text: str) -> None:
    assert query_named(text) is Query.STATE


@pytest.mark.parametrize(
    "text",
    ["", "$", "$$GS", "$FD", "$SC 13", "$GS 1", "$GS\r$FD", "$GS^30", "$GSX", "$G", "$GS\0", "$GX"],
)
def test_what_is_no_query_is_not_found(text: str) -> None:
    assert query_named(text) is None


@pytest.mark.parametrize("query", list(Query))
def test_every_query_has_a_form(query: Query) -> None:
    assert FORMS[query]


def test_every_key_of_status_is_one_that_the_catalogue_knows() -> None:
    parts = [part for forms in FORMS.values() for form in forms for part in form]
    assert {part.wire for part in parts if part.wire} <= LIVE.keys()


@pytest.mark.parametrize(
    ("query", "line", "expected"),
    [
        (Query.VERSIONS, "$OK 7.1.3 5.1.0", ["firmware 7.1.3", "protocol 5.1.0"]),
        (
            Query.STATE,
            "$OK fe 4711 03 0140",
            ["state 254 sleeping", "elapsed 4711 s", "pilot_state 3 charging", "flags 0x0140"],
        ),
        (Query.STATE, "$OK 3 90", ["state 3 charging", "elapsed 90 s"]),
        (Query.CLOCK, "$OK 26 3 10 12 34 5", ["time 2026-03-10 12:34:05 controller's clock"]),
        (Query.POWER, "$OK 15980 231480", ["current 15.98 A", "voltage 231.48 V"]),
        (Query.POWER, "$OK -1 240000", ["current none no sensor", "voltage 240 V"]),
        (
            Query.TEMPERATURES,
            "$OK 253 -2560 -256",
            ["temp1 25.3 °C", "temp2 none no sensor", "temp3 none no sensor"],
        ),
        (Query.ENERGY, "$OK 36000 20127", ["session_energy 36000 Ws", "total_energy 20127 Wh"]),
        (
            Query.FAULTS,
            "$OK ff a 0",
            ["gfci_trips 255", "no_ground_trips 10", "stuck_relay_trips 0"],
        ),
        (Query.SETTINGS, "$OK 32 0121", ["pilot 32 A", "flags 0x0121"]),
        (
            Query.CAPACITY,
            "$OK 6 32 16 20",
            ["minimum 6 A", "hardware_maximum 32 A", "pilot 16 A", "configured_maximum 20 A"],
        ),
        (Query.TIMER, "$OK 22 0 6 30", ["start 22:00", "end 06:30"]),
        (Query.CALIBRATION, "$OK 220 -4", ["current_scale 220", "current_offset -4"]),
    ],
)
def test_an_answer_is_decoded(query: Query, line: str, expected: list[str]) -> None:
    assert shown(query, line) == expected


@pytest.mark.parametrize(
    ("query", "line"),
    [
        (Query.STATE, "$OK 03 90 03"),
        (Query.STATE, "$OK 03 ninety 03 0100"),
        (Query.CLOCK, "$OK 26 13 10 12 34 5"),
        (Query.TIMER, "$OK 24 0 6 30"),
        (Query.ENERGY, "$OK 36000"),
        (Query.FAULTS, "$OK 0 0 -1"),
        (Query.POWER, "$OK 1.5 240"),
        (Query.VERSIONS, "$OK"),
        (Query.ENERGY, "$OK \N{ARABIC-INDIC DIGIT ONE} 2"),
    ],
)
def test_an_answer_of_another_form_is_not_guessed_at(query: Query, line: str) -> None:
    reply = read_line(line)
    assert reply is None or decode(query, reply.words or ()) is None


def test_what_status_knows_too_bears_its_keys_and_units() -> None:
    assert members(values(Query.STATE, "$OK fe 4711 03 0140")) == {"state": 254, "elapsed": 4711}
    assert members(values(Query.ENERGY, "$OK 36000 20127")) == {"wattsec": 36000, "watthour": 20127}
    assert members(values(Query.FAULTS, "$OK ff a 0")) == {
        "gfcicount": 255,
        "nogndcount": 10,
        "stuckcount": 0,
    }


def test_what_status_tells_otherwise_is_not_taken_for_the_same() -> None:
    """Milliamperes here, amperes there."""
    assert members(values(Query.POWER, "$OK 15980 231480")) == {}


def test_a_right_checksum_is_cut_off() -> None:
    assert read_line("$OK 02 0 02 0100^11") == RapiReply(
        "$OK 02 0 02 0100", ("02", "0", "02", "0100")
    )


def test_an_old_checksum_adds() -> None:
    assert read_line("$OK*BE") == RapiReply("$OK", ())


@pytest.mark.parametrize("line", ["$OK 02 0 02 0100^12", "$OK*BF", "$NK^11"])
def test_a_wrong_checksum_spoils_the_line(line: str) -> None:
    assert read_line(line) is None


def test_a_sequence_number_is_no_value() -> None:
    reply = read_line("$OK 220 0 :1F")
    assert reply is not None
    assert reply.words == ("220", "0")


def test_a_refusal_has_no_words() -> None:
    assert read_line("$NK^21\r") == RapiReply("$NK", None)


@pytest.mark.parametrize("line", ["", "OK 1", "$ST 03", "$OK\n$OK", "hello", "$OK " + "1 " * 200])
def test_what_is_no_answer_is_none(line: str) -> None:
    assert read_line(line) is None
