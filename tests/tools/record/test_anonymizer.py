"""What may leave the house in a recording, and what may not."""

import json

import pytest

from bridge.core.discovery.announcement import read_announcement
from bridge.tools.record.anonymizer import Anonymizer, RecordedMessage

TOPIC = "openevse/announce/7d30"
BASE = "villa rosa/garage/"


def announced(names: Anonymizer, topic: str = TOPIC, **members: str) -> RecordedMessage:
    whole = {"state": "connected", "id": "24a1607d30", "name": "rosas-box", "mqtt": BASE,
             "http": "http://10.3.2.1/"}  # fmt: skip
    found = read_announcement(json.dumps({**whole, **members}).encode())
    assert found is not None
    line = names.announcement(topic, found)
    assert line is not None
    return line


def test_an_foundkeeps_its_form_and_loses_its_names() -> None:
    line = announced(Anonymizer(3))
    assert line == RecordedMessage("charger-1", "openevse/announce/1", line.payload, True)
    assert json.loads(line.payload) == {
        "state": "connected",
        "id": "charger-1",
        "name": "charger-1",
        "mqtt": "level-1/level-2/",
        "http": "http://charger-1.invalid/",
    }


def test_a_last_will_stays_one() -> None:
    found = read_announcement(b'{"state": "disconnected", "id": "24a1607d30"}')
    assert found is not None
    line = Anonymizer(3).announcement(TOPIC, found)
    assert line is not None
    assert json.loads(line.payload) == {"state": "disconnected", "id": "charger-1"}


def test_the_same_charger_has_one_name_wherever_it_announces_itself() -> None:
    names = Anonymizer(3)
    first, second = announced(names), announced(names, "openevse/announce/new", mqtt="elsewhere")
    assert (first.charger, second.charger) == ("charger-1", "charger-1")
    assert second.topic == "openevse/announce/2"
    assert names.chargers == 1


def test_a_base_inside_another_stays_inside_it() -> None:
    names = Anonymizer(3)
    announced(names, mqtt="depot")
    inner = announced(names, "openevse/announce/b", id="b", mqtt="depot/b")
    assert json.loads(inner.payload)["mqtt"] == "level-1/level-2"
    line = names.telemetry("depot/b/amp", b"16", False)
    assert line == RecordedMessage("charger-2", "level-1/level-2/amp", "16", False)


@pytest.mark.parametrize(
    "payload",
    ["16", "-71", "233.7", "2.012722817e7", "1.234e-6", "false", "true", "null", "", "nan",
     "2026-11-28T06:33:51Z", "4294967295", "+0100", "1."],
)  # fmt: skip
def test_a_measured_value_is_kept_as_it_was_written(payload: str) -> None:
    names = Anonymizer(3)
    announced(names)
    line = names.telemetry(f"{BASE}/temp1", payload.encode(), True)
    assert line == RecordedMessage("charger-1", "level-1/level-2//temp1", payload, True)


@pytest.mark.parametrize(
    ("key", "payload"),
    [
        ("config", b'{"ssid": "rosa"}'),
        ("ipaddress", b"10.3.2.1"),
        ("rapi/in/$SC", b"13"),
        ("rapi/out", b"$OK 02 0 02 0100^11"),
        ("tesla/batteryRange", b"301"),
        ("rosas_key", b"1"),
        ("amp", b"rosa"),
        ("amp", b"\xff\xfe"),
        ("amp", b"1" * 41),
        ("amp", b"10.3.2.1"),
    ],
)
def test_all_else_is_left_out(key: str, payload: bytes) -> None:
    names = Anonymizer(3)
    announced(names)
    assert names.telemetry(f"{BASE}/{key}", payload, False) is None


def test_what_belongs_to_nobody_is_left_out() -> None:
    assert Anonymizer(3).telemetry("house/amp", b"16", False) is None


def test_a_cleared_foundis_one_only_where_it_was_heard() -> None:
    names = Anonymizer(3)
    assert names.cleared(TOPIC) is None
    announced(names)
    assert names.cleared(TOPIC) == RecordedMessage("", "openevse/announce/1", "", True)


@pytest.mark.parametrize("more", [{"id": "b"}, {"mqtt": "b"}, {"topic": "openevse/announce/b"}])
def test_one_too_many_is_left_out_and_the_others_go_on(more: dict[str, str]) -> None:
    names = Anonymizer(1)
    announced(names)
    found = read_announcement(
        json.dumps({"state": "connected", "id": "24a1607d30", "mqtt": BASE, **more}).encode()
    )
    assert found is not None
    assert names.announcement(more.get("topic", TOPIC), found) is None
    assert announced(names).charger == "charger-1"
