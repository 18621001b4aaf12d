"""How far the clock is from a store's, and from the chargers' clocks that agree."""

import pytest

from bridge.core.clock_offset import offset_from_date, offset_from_skews

DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
AT = 1_790_000_000.0


@pytest.mark.parametrize(
    ("began", "ended", "offset"),
    [
        (AT + 0.2, AT + 0.3, 0.0),
        (AT - 0.5, AT + 2, 0.0),  # the store answered at some time in between
        (AT + 91, AT + 92, 90.0),
        (AT + 40 * 86_400 + 1, AT + 40 * 86_400 + 2, 40 * 86_400),
        (AT - 3601, AT - 3600, -3600.0),
    ],
)
def test_an_offset_is_what_the_duration_of_the_request_cannot_explain(
    began: float, ended: float, offset: float
) -> None:
    assert offset_from_date(DATE, began, ended) == offset


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Sep 2026 14:13:20 GMT"])
def test_without_a_date_there_is_no_offset(date: str | None) -> None:
    assert offset_from_date(date, AT, AT) is None


def test_the_chargers_whose_clocks_agree_are_a_reference() -> None:
    assert offset_from_skews([-3600.5, -3600.0, -3599.0, 0.0, -86_000.0]) == 3600.0
    assert offset_from_skews([0.2, 0.0, -0.1]) == 0.0


@pytest.mark.parametrize(
    "skews", [[], [-90.0, -90.0], [-90.0, 0.0, 90.0], [0.0, 0.0, 0.0, 300.0, 600.0, 900.0]]
)
def test_too_few_or_contradicting_clocks_are_none(skews: list[float]) -> None:
    assert offset_from_skews(skews) is None
