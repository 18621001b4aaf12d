"""A line of line protocol taken apart again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.output import line_protocol
from bridge.core.output.line_parser import Point, is_of, parse_line, stamp_of

LINE = (
    b'evse_event,charger=a:1,site=Yard\\,\\ east kind="state",code=3i,temp=25.3,n="a \\"b\\", c" 7'
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\\"), min_size=1)


def test_every_kind_of_value_is_read() -> None:
    assert parse_line(LINE) == Point(
        "evse_event",
        {"charger": "a:1", "site": "Yard, east"},
        {"kind": "state", "code": 3, "temp": 25.3, "n": 'a "b", c'},
        7,
    )
    assert stamp_of(LINE) == 7


@given(TEXT, TEXT, st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_what_was_written_is_read(site: str, text: str, whole: int, number: float) -> None:
    head = line_protocol.head("evse", {"charger": "a", "site": site})
    fields = [
        line_protocol.text("t", text),
        line_protocol.number("i", whole),
        line_protocol.number("f", number),
    ]
    assert parse_line(line_protocol.line(head, fields, 12)) == Point(
        "evse", {"charger": "a", "site": site}, {"t": text, "i": whole, "f": number}, 12
    )


def test_a_charger_is_told_by_its_tag_alone() -> None:
    assert is_of(b"evse,charger=a,site=b x=1 1", "a")
    assert is_of(b"evse,charger=a x=1 1", "a")
    assert not is_of(b"evse,charger=ab x=1 1", "a")
    assert not is_of(b'evse,charger=b x=",charger=a," 1', "a")
    assert not is_of(b"evse,charger=b,site=x\\,charger\\=a x=1 1", "a")


@pytest.mark.parametrize("line", [b"", b"evse", b"evse,charger=a x=1 now"])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"line|invalid literal"):
        parse_line(line)
