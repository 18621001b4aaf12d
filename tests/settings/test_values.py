"""Each setting takes the values it is documented to take, as typed values."""

from pathlib import Path

import pytest
import trustme
from pydantic import ValidationError

from bridge.settings import Settings
from tests.kit.settings import from_toml, given, problem


def test_announce_topics_are_read() -> None:
    topics = given(MQTT__ANNOUNCE_TOPICS="a/+,b/#,a/+").mqtt.announce_topics
    assert topics == ("a/+", "b/#")


@pytest.mark.parametrize(
    "text", ["", "#", "a/#/b", "a/b#", "a+/b", '["a/+", ""]', '["a\\u0000"]', "$share/g/a", "[1]"]
)
def test_bad_announce_topics_are_refused(text: str) -> None:
    assert problem(MQTT__ANNOUNCE_TOPICS=text).name == "mqtt.announce_topics"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MQTT__KEEPALIVE", "0"),
        ("MQTT__KEEPALIVE", "0.5s"),
        ("MQTT__KEEPALIVE", "65536s"),
        ("MQTT__CLIENT_ID", "a\tb"),
        ("MQTT__QUERIES", "maybe"),
        ("HTTP__USERNAME", "a:b"),
        ("HTTP__ALLOW", "everything"),
        ("HTTP__PORTS", "0"),
        ("HTTP__PORTS", ""),
        ("HTTP__PORTS", "80,65536"),
        ("HTTP__MIN_GAP", "0s"),
        ("HTTP__NAMES", "charger/x"),
        ("HTTP__NAMES", "10.0.0.5"),
        ("HTTP__NAMES", "."),
        ("HTTP__NAMES", "a..b"),
        ("HTTP__LOGIN_AFTER", "-1s"),
        ("HTTP__LOGIN_AFTER", "soon"),
        ("HTTP__CONCURRENCY", "0"),
        ("FLEET__DIALECT", "other"),
        ("FLEET__DIALECTS", "a b=nofos"),
        ("FLEET__DIALECTS", "a=other"),
        ("FLEET__TEMPERATURE_SCALE", "0"),
        ("FLEET__MAX_CHARGERS", "-1"),
        ("FLEET__MAX_READINGS_PER_SECOND", "0"),
        ("FLEET__FRAME_GAP", "2s"),
        ("FLEET__IGNORE", "a/b"),
        ("FLEET__STALE_AFTER", "soon"),
        ("JOURNAL__DIR", ""),
        ("JOURNAL__KEEP", "-1d"),
        ("JOURNAL__MAX_BYTES", "1kB"),
        ("INFLUX__BATCH", "0"),
        ("INFLUX__FLUSH_EVERY", "0"),
        ("INFLUX__TAGS", "no pair"),
        ("WEB__STATE_SET", "x"),
        ("SHARD__COUNT", "0"),
        ("SHARD__INDEX", "-1"),
        ("LOG__LEVEL", "loud"),
        ("LOG__FORMAT", "xml"),
    ],
)
def test_a_value_out_of_its_range_is_refused(name: str, text: str) -> None:
    only = problem(**{name: text})
    assert only.name.startswith(name.lower().replace("__", "."))
    assert only.source == f"environment NOFOS_{name}"
    assert only.remedy


@pytest.mark.parametrize("key", ["charger", "kind", "time", "_x", "a b", ""])
def test_a_tag_must_not_take_a_name_of_the_bridge(key: str) -> None:
    assert problem(INFLUX__TAGS=f'{{"{key}": "x"}}').name == f"influx.tags.{key}"


@pytest.mark.parametrize("value", ['""', '"a\\nb"', '"a\\\\"', "1", "null"])
def test_a_tag_that_line_protocol_cannot_carry_is_refused(value: str) -> None:
    assert problem(INFLUX__TAGS=f'{{"a": {value}}}').name == "influx.tags.a"


def test_text_in_the_file_must_be_in_quotes(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"mqtt\.password .*it is not text") as caught:
        from_toml(tmp_path, "[mqtt]\npassword = 123456\n")
    assert "123456" not in str(caught.value)


@pytest.mark.parametrize("name", ["MQTT__CA_FILE", "HTTP__CA_FILE", "FLEET__LABELS_FILE"])
def test_a_file_must_be_there(tmp_path: Path, name: str) -> None:
    assert "no such file" in problem(**{name: str(tmp_path / "none")}).wrong


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "not a file" in problem(MQTT__CA_FILE=str(tmp_path)).wrong


def test_a_file_that_is_there_is_taken(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    assert given(MQTT__CA_FILE=str(tmp_path / "ca.pem")).mqtt.ca_file == tmp_path / "ca.pem"


def test_charger_ids_to_ignore_are_read() -> None:
    assert given(FLEET__IGNORE="a1,B2").fleet.ignore == ("a1", "B2")


@pytest.fixture
def settings() -> Settings:
    return given(MQTT__PASSWORD="hunter2")


def test_settings_cannot_be_changed(settings: Settings) -> None:
    with pytest.raises(ValidationError):
        settings.mqtt.username = "x"  # type: ignore[misc]  # that is the test


def test_settings_print_no_secret(settings: Settings) -> None:
    assert "hunter2" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("lan,.Chargers.Example.com.,lan", ("lan", "chargers.example.com")),
        ('["*.depot.example", "charger1"]', ("depot.example", "charger1")),
    ],
)
def test_suffixes_of_host_names_are_read(text: str, names: tuple[str, ...]) -> None:
    assert given(HTTP__NAMES=text).http.names == names


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("0", 0), ("24h", 86_400)])
def test_the_wait_for_the_login_may_be_none(text: str, seconds: float) -> None:
    assert given(HTTP__LOGIN_AFTER=text).http.login_after.total_seconds() == seconds
