"""Announcements, from well-behaved chargers and from strangers."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.discovery.announcement import Announcement, matches, read_announcement
from bridge.core.errors import AnnounceRefused
from bridge.core.model import ChargerId


def announced(**members: object) -> bytes:
    return json.dumps({"state": "connected", "id": "30aea4f1b2c", **members}).encode()


def test_a_full_announcement_is_read() -> None:
    payload = announced(name="nofos-1234", mqtt="charger/nofos-1234", http="http://10.0.0.7/")
    assert read_announcement(payload) == Announcement(
        ChargerId("30aea4f1b2c"), True, "nofos-1234", "charger/nofos-1234", "http://10.0.0.7/"
    )


def test_a_last_will_has_neither_topic_nor_address() -> None:
    payload = b'{"state":"disconnected","id":"30aea4f1b2c","name":"nofos-1234"}'
    assert read_announcement(payload) == Announcement(
        ChargerId("30aea4f1b2c"), False, "nofos-1234", None, None
    )


def test_trailing_members_that_a_small_buffer_dropped_are_simply_unknown() -> None:
    assert read_announcement(announced()) == Announcement(ChargerId("30aea4f1b2c"), True)


def test_an_empty_payload_is_a_cleared_announcement() -> None:
    assert read_announcement(b"") is None


@pytest.mark.parametrize("id_", ["a", "0", "A1:b2:C3", "x" * 64, "nofos-1_2.3"])
def test_an_id_is_kept_as_sent(id_: str) -> None:
    found = read_announcement(announced(id=id_))
    assert found is not None
    assert found.id == id_


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"connected", "malformed"),
        (b"[]", "malformed"),
        (b'"connected"', "malformed"),
        (b"{", "malformed"),
        (b"\xff", "malformed"),
        (b"[" * 4000, "malformed"),
        (b"9" * 4096, "malformed"),
        (announced(state="on"), "malformed"),
        (announced(state=["connected"]), "malformed"),
        (announced(mqtt=7), "malformed"),
        (announced(mqtt="\ud800"), "malformed"),
        (b'{"state":"connected","id":"a","mqtt":"a","mqtt":"b"}', "malformed"),
        (b'{"state":"connected","id":"a","id":"b"}', "bad_id"),
        (b'{"state":"connected","id":"a\xff"}', "bad_id"),
        (announced(pad="x" * 4096), "too_long"),
        (announced(id=""), "bad_id"),
        (announced(id=7), "bad_id"),
        (announced(id="x" * 65), "bad_id"),
        (announced(id='a",charger="b'), "bad_id"),
        (announced(id="a\n"), "bad_id"),
        (announced(id="ä"), "bad_id"),
        (announced(mqtt=""), "bad_base"),
        (announced(mqtt="#"), "bad_base"),
        (announced(mqtt="charger/+"), "bad_base"),
        (announced(mqtt="charger/#"), "bad_base"),
        (announced(mqtt="$SYS"), "bad_base"),
        (announced(mqtt="a\0b"), "bad_base"),
        (announced(mqtt="ä" * 128), "bad_base"),
    ],
)
def test_a_strangers_announcement_is_refused_with_a_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(AnnounceRefused) as refused:
        read_announcement(payload)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (b'"caf\xe9"', "caf\ufffd"),
        (b'"\\ud800"', "?"),
        (b'"a\tb"', "a b"),
        (b'{"a":1}', None),
        (b"nan", None),
        (b"", None),
        (b'"a","name":"b"', None),
        (b"[" * 40 + b"]" * 40, None),
    ],
)
def test_a_bad_name_suffers_alone(name: bytes, read: str | None) -> None:
    payload = b'{"state":"connected","id":"a","name":%s,"mqtt":"charger/a"}' % name
    assert read_announcement(payload) == Announcement(ChargerId("a"), True, read, "charger/a", None)


def test_an_address_that_is_no_text_suffers_alone() -> None:
    assert read_announcement(announced(mqtt="a", http=7)) == Announcement(
        ChargerId("30aea4f1b2c"), True, None, "a", None
    )


@pytest.mark.parametrize("base", ["a", "a b/$c", "charger/x/", "/x", "x" * 255])
def test_odd_but_lawful_bases_are_taken(base: str) -> None:
    found = read_announcement(announced(mqtt=base))
    assert found is not None
    assert found.base == base


@given(st.binary(max_size=300))
def test_no_payload_does_more_than_be_refused(payload: bytes) -> None:
    with contextlib.suppress(AnnounceRefused):
        read_announcement(payload)


@pytest.mark.parametrize(
    ("wanted", "topic", "matched"),
    [
        ("openevse/announce/+", "openevse/announce/abcd", True),
        ("openevse/announce/+", "openevse/announce/abcd/x", False),
        ("openevse/announce/+", "openevse/announce", False),
        ("openevse/#", "openevse/announce/abcd", True),
        ("openevse/#", "openevse", True),
        ("+/announce/#", "site/announce/a/b", True),
        ("#", "$SYS/broker", False),
        ("+/x", "$SYS/x", False),
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
    ],
)
def test_topic_filters_match_as_mqtt_says(wanted: str, topic: str, matched: bool) -> None:
    assert matches(wanted, topic) is matched
