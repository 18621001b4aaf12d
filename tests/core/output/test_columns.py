"""A line's columns, with strings and escapes in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.output import line_protocol
from bridge.core.output.columns import split_line
from bridge.core.output.line_parser import parse_line

NAMES = st.from_regex(r"[a-z_0-9]{1,8}", fullmatch=True)
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip


@given(tag=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9),
       fields=st.dictionaries(NAMES, VALUES, min_size=1, max_size=6))  # fmt: skip
def test_each_column_can_be_taken_out_and_the_rest_is_the_same(
    tag: str, fields: dict[str, int | float | str]
) -> None:
    texts = [
        line_protocol.text(name, value) if isinstance(value, str)
        else line_protocol.number(name, value)
        for name, value in fields.items()
    ]  # fmt: skip
    line = line_protocol.line(line_protocol.head("evse", {"site": tag}), texts, 5)
    whole, split = parse_line(line), split_line(line)
    assert list(split.columns) == list(fields)
    assert (split.measurement, split.join(split.columns)) == ("evse", line)
    for name in fields:
        left = {each: text for each, text in split.columns.items() if each != name}
        if left:
            rest = parse_line(split.join(left))
            wanted = {each: value for each, value in whole.fields.items() if each != name}
            assert (rest.tags, rest.fields, rest.stamp_ms) == (whole.tags, wanted, 5)


@pytest.mark.parametrize("line", [b"", b"evse", b"evse 5", b"torn li", b'evse a="x'])
def test_what_is_no_line_has_no_columns(line: bytes) -> None:
    assert split_line(line).columns == {}
