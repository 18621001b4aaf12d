"""Text becomes typed values; what cannot says why and what to write."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.settings import lists, parse
from bridge.settings.parse import InvalidValue
from bridge.settings.show import format_value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("100", timedelta(seconds=100)),
        ("100s", timedelta(seconds=100)),
        ("0.25s", timedelta(milliseconds=250)),
        ("250ms", timedelta(milliseconds=250)),
        ("5m", timedelta(minutes=5)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        (" 7 D ", timedelta(days=7)),
        (90, timedelta(seconds=90)),
        (0.25, timedelta(milliseconds=250)),
    ],
)
def test_a_duration_is_read(text: object, meant: timedelta) -> None:
    assert parse.duration(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "10x",
        "-5s",
        "0",
        "0s",
        "1e3",
        "nan",
        "inf",
        "1h30m",
        "٣s",
        "4000d",
        "9" * 30,
        True,
        float("nan"),
        float("inf"),
        -1,
        1e300,
        None,
        ["1s"],
    ],
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        parse.duration(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2GB", 2_000_000_000),
        ("512MiB", 536_870_912),
        ("512 mib", 536_870_912),
        ("100kB", 100_000),
        ("1.5GB", 1_500_000_000),
        ("1TiB", 1_099_511_627_776),
        ("70000", 70_000),
        ("70000B", 70_000),
        (2_000_000_000, 2_000_000_000),
        ("9007199254740993", 9_007_199_254_740_993),
    ],
)
def test_a_size_is_read(text: object, meant: int) -> None:
    assert parse.size(text) == meant


@pytest.mark.parametrize(
    "text", ["", "GB", "2G", "-1GB", "1", "2 G B", "9" * 18 + "TB", True, None]
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        parse.size(text)


@given(st.integers(1, 3650 * 86400))
def test_a_shown_duration_reads_as_the_same(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse.duration(format_value("keep", span)) == span


@given(st.integers(65536, 2**60))
def test_a_shown_size_reads_as_the_same(count: int) -> None:
    assert parse.size(format_value("max_bytes", count)) == count


@given(st.decimals(Decimal("0.001"), Decimal("3600"), places=3))
def test_thousandths_of_a_second_are_kept(seconds: Decimal) -> None:
    assert parse.duration(f"{seconds}s") == timedelta(milliseconds=int(seconds * 1000))


@given(st.text())
def test_any_text_is_a_duration_or_wrong(text: str) -> None:
    with suppress(InvalidValue):
        assert timedelta(0) < parse.duration(text) <= timedelta(days=3650)


@given(st.text())
def test_any_text_is_a_size_or_wrong(text: str) -> None:
    with suppress(InvalidValue):
        assert 65536 <= parse.size(text) <= 2**60


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("Yes", True),
        ("on", True),
        ("1", True),
        (True, True),
        ("false", False),
        ("no", False),
        ("OFF", False),
        ("0", False),
        (False, False),
    ],
)
def test_a_switch_is_read(text: object, meant: bool) -> None:
    assert parse.switch(text) is meant


@pytest.mark.parametrize("text", ["", "maybe", "2", 1, None])
def test_what_is_no_switch_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        parse.switch(text)


@pytest.mark.parametrize("text", ["0", "11", "1.5", "", "five", "1_0", True, 2.5, None])
def test_a_whole_number_out_of_its_range_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        parse.integer(1, 10)(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "", "x", True, None])
def test_what_is_no_number_above_zero_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        parse.number(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a,b", ["a", "b"]),
        (" a , b ,", ["a", "b"]),
        ('["a", "b,c"]', ["a", "b,c"]),
        ("", []),
        (["a"], ["a"]),
        (80, [80]),
    ],
)
def test_a_list_is_read(text: object, meant: list[object]) -> None:
    assert lists.parse_list(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("k=v,k2=v2", {"k": "v", "k2": "v2"}),
        ('{"k": "a=b,c"}', {"k": "a=b,c"}),
        ("k=a=b", {"k": "a=b"}),
        ("", {}),
        ({"k": 1}, {"k": 1}),
    ],
)
def test_a_map_is_read(text: object, meant: dict[str, object]) -> None:
    assert lists.parse_map(text) == meant


@pytest.mark.parametrize(
    "text", ["hunter2", "=hunter2", '{"hunter2', "{hunter2}", 5, "[" * 100_000]
)
def test_a_bad_map_is_refused_without_repeating_it(text: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        lists.parse_map(text)
    assert "hunter2" not in caught.value.problem + caught.value.remedy


@pytest.mark.parametrize("text", ["[" * 100_000, "[1,", {}, True, None])
def test_a_bad_list_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        lists.parse_list(text)
