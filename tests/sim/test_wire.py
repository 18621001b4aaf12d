"""How the simulated firmware writes values."""

import math

import pytest

from bridge.sim.documents import volts
from bridge.sim.rapi import with_checksum
from bridge.sim.wire import Value, document, payload


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (-71, "-71"),
        (4294967295, "4294967295"),
        (240.0, "240"),
        (0.0, "0"),
        (-0.0, "0"),
        (233.7, "233.7"),
        (-5.5, "-5.5"),
        (15.98, "15.98"),
        (9999999.0, "9999999"),
        (20128728.17, "2.012872817e7"),
        (20127228.17, "2.012722817e7"),
        (1e7, "1e7"),
        (1.234e-6, "1.234e-6"),
        (0.25, "0.25"),
        (math.nan, "null"),
        (math.inf, "null"),
        (-math.inf, "null"),
        ("", ""),
        ("nofos-1234", "nofos-1234"),
        ({"a": [1.0, None], "b": "x"}, '{"a":[1,null],"b":"x"}'),
    ],
)
def test_a_value_is_published_as_the_firmware_prints_it(value: Value, text: str) -> None:
    assert payload(value) == text


def test_a_string_inside_a_document_is_quoted() -> None:
    assert document({"mode": "STA"}) == '{"mode":"STA"}'


def test_voltage_shows_the_rounding_of_a_32_bit_float() -> None:
    assert payload(volts(231.48)) == "231.4799957"


@pytest.mark.parametrize(
    ("line", "text"), [("$NK", "$NK^21"), ("$OK 02 0 02 0100", "$OK 02 0 02 0100^11")]
)
def test_a_rapi_line_ends_with_the_exclusive_or_of_its_characters(line: str, text: str) -> None:
    assert with_checksum(line) == text
