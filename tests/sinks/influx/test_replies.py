"""What replies mean, without a server."""

from email.utils import formatdate

import pytest

from bridge.core.errors import SinkRefused
from bridge.sinks.influx.replies import StoreReply, retry_after_seconds, trouble_of
from tests.kit.influx_standin import Canned

GOOD, OTHER = b"evse,charger=one power=1 1700000000000", b"evse,charger=one power=2 1700000001000"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("86400", 900.0),
        ("-5", 0.0),
        ("inf", 900.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        (formatdate(1_700_000_060, usegmt=True), 60.0),
        (formatdate(1_600_000_000, usegmt=True), 0.0),
    ],
)
def test_a_wait_is_seconds_or_a_date_and_at_most_a_quarter_of_an_hour(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(header, 1_700_000_000.0) == seconds


def v3_reply(*data: object) -> StoreReply:
    body = Canned(400, {"error": "partial write of line protocol occurred", "data": list(data)})
    return StoreReply(400, "Bad Request", body.text())


def test_a_listed_line_that_was_never_sent_is_not_believed() -> None:
    entry = {"original_line": "another line", "line_number": 1, "error_message": "no"}
    error = trouble_of(v3_reply(entry), [GOOD, OTHER], 0.0)
    assert isinstance(error, SinkRefused)
    assert (error.bad, error.partial) == ({}, False)


def test_a_line_number_out_of_range_is_not_believed() -> None:
    entry = {"original_line": GOOD.decode(), "line_number": 9, "error_message": "no"}
    error = trouble_of(v3_reply(entry), [GOOD, OTHER], 0.0)
    assert isinstance(error, SinkRefused)
    assert (error.bad, error.partial) == ({}, False)


def test_a_full_list_may_be_cut_so_the_others_are_not_taken_for_stored() -> None:
    lines = [b"evse n=%d" % number for number in range(200)]
    data = [{"line_number": number, "error_message": "no"} for number in range(1, 101)]
    error = trouble_of(v3_reply(*data), lines, 0.0)
    assert isinstance(error, SinkRefused)
    assert (len(error.bad), error.partial) == (100, False)


@pytest.mark.parametrize("body", ["", "[" * 100_000, "[]", "null", '{"message": 7}', "\x00"])
def test_a_strange_body_under_400_is_a_refusal_without_names(body: str) -> None:
    error = trouble_of(StoreReply(400, "Bad Request", body), [GOOD], 0.0)
    assert isinstance(error, SinkRefused)
    assert (error.bad, error.dropped, error.partial) == ({}, None, False)
