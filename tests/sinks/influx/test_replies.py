"""What replies mean, without a server."""

from email.utils import formatdate

import pytest

from bridge.core.errors import SinkDenied, SinkRefused, TypeConflict
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


def refusal(status: int, body: object, token: str = "") -> SinkRefused:
    reply = StoreReply(status, "Bad Request", Canned(status, body).text(), token=token)
    error = trouble_of(reply, [GOOD, OTHER], 0.0)
    assert isinstance(error, SinkRefused)
    return error


def partial(reason: str) -> dict[str, str]:
    return {"message": f"failure writing points to database: partial write: {reason}"}


@pytest.mark.parametrize("token", ["p", "w", "d", "=", "1", "rtial wr"])
def test_a_token_that_occurs_in_the_reply_does_not_change_what_it_means(token: str) -> None:
    error = refusal(422, partial("points beyond retention policy dropped=1"), token)
    assert (error.dropped, error.partial, error.first_only) == (1, True, False)
    assert token not in str(error).removeprefix("HTTP 422: ")


def test_a_token_that_occurs_in_a_line_does_not_hide_which_line_is_bad() -> None:
    text = f"unable to parse '{OTHER.decode()}': missing fields"
    assert refusal(400, {"message": text}, "charger").bad == {1: "unable to parse: missing fields"}


def test_a_token_that_occurs_in_a_refused_request_is_the_operators_to_mend() -> None:
    body = Canned(400, {"message": "Please provide either orgID or org"}).text()
    assert isinstance(trouble_of(StoreReply(400, "", body, token="or"), [GOOD], 0.0), SinkDenied)


@pytest.mark.parametrize(
    ("reason", "first_only"),
    [
        ("points beyond retention policy dropped=2", False),
        ("dropped 2 points outside retention policy of duration 1h0m0s dropped=2", False),
        ("max-values-per-tag limit exceeded (100001/100000): tag=charger dropped=2", True),
        ('invalid field name: input field "time" on measurement "evse" is invalid dropped=2', True),
    ],
)
def test_only_the_retention_is_a_reason_for_every_dropped_line(
    reason: str, first_only: bool
) -> None:
    assert refusal(422, partial(reason)).first_only is first_only


@pytest.mark.parametrize(
    ("text", "conflict"),
    [
        (('write failed: field type conflict: input field "power" on measurement "evse" is type '
         "float64, already exists as type integer"), TypeConflict("power", "evse")),
        (("partial write: invalid column type for column 'power', expected iox::column_type::field"
         "::integer, got iox::column_type::field::float"), TypeConflict("power")),
        ("failed to write: column power is type i64 but write has type f64", TypeConflict("power")),
        ('Column "power" is type f64 but write has type i64', TypeConflict("power")),
    ],
)  # fmt: skip
def test_every_version_names_the_column_of_another_type(text: str, conflict: TypeConflict) -> None:
    assert list(refusal(400, {"error": text}).conflicts) == [conflict]
