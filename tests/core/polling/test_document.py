"""Documents from chargers' web servers: a bad member suffers alone, and else it is known why."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.clock import Unix
from bridge.core.fields.config import read_config
from bridge.core.fields.crashlog import read_crashlog
from bridge.core.fields.status import StatusReader
from bridge.core.model import Dialect, Reason
from bridge.core.polling.document import read_document
from bridge.core.polling.outcome import Page
from bridge.core.unread import Fault, Unread
from bridge.core.untrusted_json import DEEPEST, MOST_STEPS, UNUSABLE

WALL = Unix(1_773_146_100.0)


def read(body: bytes, page: Page = Page.STATUS) -> object:
    return read_document(body, page)


def members(body: bytes) -> dict[str, object]:
    found = read(body)
    assert isinstance(found, dict), found
    return found


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    body = b'{"firmware":"7.1.3","ssid":"caf\xe9 \xff","amplimit":32}'
    assert members(body) == {"firmware": "7.1.3", "ssid": "caf\ufffd \ufffd", "amplimit": 32}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"-",
        b"007",
        b"+5",
        b"16A",
        b"0x10",
        b"1.2.3",
        b"True",
        b'"\\q"',
        b'"\\u12"',
        b"1,\"bad\":2",
        b'1,"bad":true',
        b'1,"bad":1.0',
        b"[" * 20 + b"]" * 20,
        b'{"a":' * 20 + b'"]}"' + b"}" * 20,
        b"[" * 1500 + b"]" * 1500,
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_suffers_alone(value: bytes) -> None:
    body = b'{"state":3,"bad":%s,"amp":15.9}' % value
    found = members(body)
    while isinstance(found["bad"], dict | list):
        inner = found["bad"]
        found["bad"] = inner["a"] if isinstance(inner, dict) else inner[0]
    assert found == {"state": 3, "bad": UNUSABLE, "amp": 15.9}


@pytest.mark.parametrize("word", [b"NaN", b"nan", b"-nan", b"inf", b"-Infinity"])
def test_what_is_no_number_is_implausible_as_on_mqtt(word: bytes) -> None:
    document = members(b'{"state":3,"temp1":%s,"amp":15.9}' % word)
    status = StatusReader(Dialect.NOFOS, None).read(document, WALL)
    assert status.discarded == [("temp1", Reason.IMPLAUSIBLE)]
    assert (status.value("state_code"), status.value("current_1")) == (3, 15.9)


def test_a_number_of_any_length_suffers_alone() -> None:
    assert members(b'{"state":3,"wh":' + b"9" * 5000 + b"}") == {"state": 3, "wh": float("inf")}


@pytest.mark.parametrize("value", [b'"a\tb"', b'"a\nb"', b'"a\0b"', b'"\\ud800"'])
def test_a_text_that_is_not_printable_suffers_alone(value: bytes) -> None:
    device = read_config(members(b'{"version":%s,"firmware":"7.1.3","amplimit":32}' % value))
    assert device.discarded == (("version", Reason.MALFORMED),)
    assert (device.texts, device.values) == ({"firmware": "7.1.3"}, {"current_limit": 32.0})


@pytest.mark.parametrize("value", [b'"2.4\xff"', b"nan", b'"a","version":"b"', b'"\\q"', b""])
def test_a_fact_that_was_not_sent_like_this_is_not_shown(value: bytes) -> None:
    device = read_config(members(b'{"version":%s,"firmware":"7.1.3","amplimit":32}' % value))
    assert device.discarded == (("version", Reason.MALFORMED),)
    assert device.texts == {"firmware": "7.1.3"}


def test_a_status_with_bad_members_keeps_the_others() -> None:
    body = b'{"state":3,"ssid":"\xff","amp":nan,"wh":,"pilot":16,"pilot":32,"watthour":5000,}'
    status = StatusReader(Dialect.NOFOS, None).read(members(body), WALL)
    assert {column: part.value for column, part in status.parts.items()} == {
        "state_code": 3, "energy": 5000.0,
    }  # fmt: skip
    assert dict(status.discarded) == {
        "ssid": Reason.UNKNOWN_FIELD, "amp": Reason.IMPLAUSIBLE, "wh": Reason.MALFORMED,
        "pilot": Reason.MALFORMED,
    }  # fmt: skip


def test_a_member_that_is_there_twice_alike_is_one() -> None:
    assert members(b'{"state":3,"amp":16,"amp":16}') == {"state": 3, "amp": 16}


def test_a_bad_crash_record_suffers_alone() -> None:
    body = (
        b'{"events":[{"seq":4,"seq":5,"reason":4,"x":nan},{"seq":3,"reason":"\\q","note":"\xff"},'
        b"{,{},]}"
    )
    assert isinstance(read(body, Page.CRASHLOG), Unread)
    document = read(body.replace(b"{,{},]", b"{},]"), Page.CRASHLOG)
    assert isinstance(document, dict)
    found = read_crashlog(document, WALL)
    assert [(crash.seq, crash.code) for crash in found] == [(None, 4), (3, 0)]


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        (b"", Unread(Fault.EMPTY)),
        (b"  ", Unread(Fault.EMPTY)),
        (b"<html>", Unread(Fault.NOT_JSON, 6)),
        (b"[1]", Unread(Fault.WRONG_KIND)),
        (b"null", Unread(Fault.WRONG_KIND)),
        (b'{"state":3,"amp"', Unread(Fault.TRUNCATED, 16, "amp")),
        (b'{"state":3,"amp":16', Unread(Fault.TRUNCATED, 19, "amp")),
        (b'{"state":3,"ssid":"my', Unread(Fault.TRUNCATED, 21, "ssid")),
        (b'{"state":3,"x":[[[1,', Unread(Fault.TRUNCATED, 20, "x")),
        (b'{"state":3,"ssid":"my"net","amp":16}', Unread(Fault.NOT_JSON, 22, "ssid")),
        ('{"ssid":"grün" 1}'.encode(), Unread(Fault.NOT_JSON, 16, "ssid")),
        (b'{"ssid":"\xff\xfe" 1}', Unread(Fault.NOT_JSON, 13, "ssid")),
        (b'\xef\xbb\xbf{"amp" 1}', Unread(Fault.NOT_JSON, 10, "amp")),
        (b'{"state":3 "amp":16}', Unread(Fault.NOT_JSON, 11, "state")),
        (b'{"state":3}{"amp":16}', Unread(Fault.NOT_JSON, 11, "state")),
        (b'{"x":[' + b"1," * MOST_STEPS + b"nan]}", Unread(Fault.TOO_COMPLEX, 8002, "x")),
        (b"[" * 60_000, Unread(Fault.TOO_COMPLEX, DEEPEST)),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_read_says_where_and_why(body: bytes, unread: Unread) -> None:
    assert read(body) == unread


@pytest.mark.parametrize(
    "body",
    [b'{"a":"' + b'\\"' * 30_000, b'{"a":[[[[[[[[["' + b'\\"' * 30_000, b"[" * 9 + b'"' * 60_000],
)
def test_a_hostile_document_takes_no_more_time_than_its_length(body: bytes) -> None:
    found = read(body)
    assert isinstance(found, Unread)
    assert found.fault in {Fault.TRUNCATED, Fault.TOO_COMPLEX}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=10)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=8))
def test_good_members_are_the_same_beside_a_bad_one(document: Mapping[str, object]) -> None:
    good = json.dumps({**document, "state": 3})
    bad = good[:-1] + ', "\\q": nan' + good[-1:]
    found = members(bad.encode())
    assert {key: value for key, value in found.items() if key != "\\q"} == json.loads(good)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4), st.data())
def test_no_prefix_of_a_document_is_taken_for_it(
    document: Mapping[str, object], data: st.DataObject
) -> None:
    whole = json.dumps({**document, "state": 3}).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    found = read(whole[:cut])
    assert isinstance(found, Unread)
    assert found.fault in {Fault.EMPTY, Fault.TRUNCATED}
    assert found.offset == cut
