"""Announce filters that cover telemetry, too: each message is what it reads as."""

import json

import pytest

from tests.kit.core import Bench

GOOD = json.dumps({"state": "connected", "id": "abc123", "mqtt": "openevse"})
OVERLAPS = (
    (("openevse/#",), "openevse/one", "openevse/announce/c123"),
    (("openevse/+",), "openevse", "openevse/announce-c123"),
    (("+/+/#",), "site/charger", "site/charger/announce"),
    (("openevse/#", "other/+"), "openevse", "openevse/announce/c123"),
)


def overlapping(filters: tuple[str, ...], base: str, topic: str) -> Bench:
    bench = Bench(announce_topics=filters)
    bench.announce(base=base, topic=topic)
    return bench


@pytest.mark.parametrize(("filters", "base", "topic"), OVERLAPS)
def test_telemetry_below_a_base_is_telemetry(
    filters: tuple[str, ...], base: str, topic: str
) -> None:
    bench = overlapping(filters, base, topic)
    bench.hear((f"{base}/amp", "16"), (f"{base}/state", "3"), (f"{base}/strange", "junk"))
    bench.wait(1)
    assert bench.points() == ["current_1=16.0,state_code=3i,polled=0i"]
    assert bench.accounts.received == 3
    assert bench.discarded() == {"unknown_field": 1}
    assert bench.ears.labels == ["new"]


@pytest.mark.parametrize(("filters", "base", "topic"), OVERLAPS)
def test_an_announcement_below_a_base_is_an_announcement(
    filters: tuple[str, ...], base: str, topic: str
) -> None:
    bench = overlapping(filters, base, topic)
    bench.hear((f"{base}/amp", "16"))
    bench.announce(base=base, topic=topic, name="renamed")
    bench.announce(base=base, topic=topic, name="renamed", state="disconnected")
    assert bench.ears.labels == ["new", "renamed", "disconnected"]
    assert bench.accounts.received == 1


@pytest.mark.parametrize(("filters", "base", "topic"), OVERLAPS)
def test_an_empty_message_clears_where_a_charger_was_announced_and_only_there(
    filters: tuple[str, ...], base: str, topic: str
) -> None:
    bench = overlapping(filters, base, topic)
    bench.hear((f"{base}/amp", ""))
    assert bench.discarded() == {"malformed": 1}
    bench.hear((topic, ""))
    assert bench.ears.gone == ["abc123"]
    assert bench.accounts.received == 1


def test_one_topic_may_carry_both() -> None:
    bench = overlapping(("openevse/+",), "openevse", "openevse/announce")
    bench.hear(("openevse/announce", "{}"), ("openevse/announce", GOOD), ("openevse/amp", "7"))
    assert bench.accounts.received == 2
    assert bench.discarded() == {"not_telemetry": 1}
    assert bench.ears.labels == ["new", "known"]


def test_what_belongs_to_no_charger_is_a_malformed_announcement_as_before() -> None:
    bench = overlapping(("openevse/#",), "openevse/one", "openevse/announce/c123")
    bench.hear(("openevse/two/amp", "16"))
    assert bench.ears.labels == ["new", "malformed"]
    bench.announce("def456", "openevse/two", topic="openevse/announce/f456")
    bench.hear(("openevse/two/amp", "16"))
    bench.wait(1)
    assert bench.points() == ["current_1=16.0,polled=0i"]


def test_a_plain_greeting_below_such_a_filter_is_one() -> None:
    bench = overlapping(("openevse/+",), "openevse/one", "openevse/announce-c123")
    bench.hear(("openevse/one", "disconnected"))
    assert bench.ears.labels == ["new", "disconnected"]


def test_an_announcement_elsewhere_is_none() -> None:
    bench = Bench()
    bench.announce()
    bench.announce("evil", "charger/evil", topic="charger/one/announce")
    assert bench.ears.labels == ["new"]
    assert bench.discarded() == {"not_telemetry": 1}
