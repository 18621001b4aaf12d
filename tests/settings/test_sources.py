"""Settings come from environment, secrets folder, file and default; the first wins."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.settings import load
from tests.kit.settings import from_toml, given, only_problem, secrets_in


def test_without_any_source_the_defaults_hold() -> None:
    settings = load(None, {})
    assert str(settings.mqtt.url) == "mqtt://localhost:1883"
    assert settings.mqtt.announce_topics == ("openevse/announce/+",)
    assert settings.journal.max_bytes == 2_000_000_000
    assert settings.source_of("mqtt.url") == "default"


def test_the_environment_sets_a_setting() -> None:
    settings = given(MQTT__URL="mqtt://broker")
    assert settings.mqtt.url.host == "broker"
    assert settings.source_of("mqtt.url") == "environment NOFOS_MQTT__URL"


def test_the_file_sets_a_setting(tmp_path: Path) -> None:
    settings = from_toml(tmp_path, '[mqtt]\nurl = "mqtt://broker"\nkeepalive = 20\n')
    assert settings.mqtt.url.host == "broker"
    assert settings.mqtt.keepalive == timedelta(seconds=20)
    assert settings.source_of("mqtt.url") == f"file {tmp_path}/bridge.toml [mqtt] url"


def test_the_environment_wins_over_secrets_and_file(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__username="secret", mqtt__client_id="secret")
    text = '[mqtt]\nusername = "file"\nclient_id = "file"\nkeepalive = 20\n'
    settings = from_toml(tmp_path, text, SECRETS_DIR=str(folder), MQTT__USERNAME="environment")
    assert settings.mqtt.username == "environment"
    assert settings.mqtt.client_id == "secret"
    assert settings.mqtt.keepalive == timedelta(seconds=20)
    assert settings.source_of("mqtt.username") == "environment NOFOS_MQTT__USERNAME"
    assert settings.source_of("mqtt.client_id") == f"secrets folder {folder}/mqtt__client_id"


def test_the_file_is_also_named_by_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text("[shard]\ncount = 1\n[log]\nlevel = 'debug'\n")
    assert load(None, {"NOFOS_CONFIG": str(config)}).log.level == "debug"


def test_the_command_line_names_the_file_before_the_environment(tmp_path: Path) -> None:
    settings = from_toml(tmp_path, "[log]\nlevel = 'debug'\n", CONFIG="/nowhere/at.all")
    assert settings.log.level == "debug"


@pytest.mark.parametrize(
    "name",
    [
        "NOFOS_BRIDGE_SERVICE_HOST",
        "NOFOS_BRIDGE_PORT_9876_TCP_ADDR",
        "NOFOS_MQTT",
        "NOFOS_MQTT_URL",
        "NOFOS_",
        "XNOFOS_MQTT__URL",
        "MQTT__URL",
    ],
)
def test_names_that_are_not_ours_are_left_alone(name: str) -> None:
    assert load(None, {name: "tcp://10.0.0.1:9876"}).mqtt.url.host == "localhost"


def test_empty_names_of_file_and_folder_are_none() -> None:
    assert given(CONFIG="", SECRETS_DIR="").mqtt.url.port == 1883


def test_empty_text_unsets_what_may_be_unset(tmp_path: Path) -> None:
    settings = from_toml(tmp_path, '[mqtt]\npassword = "x"\n', MQTT__PASSWORD="", INFLUX__URL="")
    assert settings.mqtt.password is None
    assert settings.influx.url is None


def test_a_file_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    only = only_problem(tmp_path / "none.toml", {})
    assert only.source == f"--config {tmp_path}/none.toml"
    assert "no such file" in only.wrong


@pytest.mark.parametrize(
    "content",
    [b"password = hunter2", b"hunter2", b"\xff\xfe", b"[mqtt]\n[mqtt]", b"a = " + b"[" * 5000],
)
def test_a_file_that_is_no_toml_is_wrong_without_repeating_it(
    tmp_path: Path, content: bytes
) -> None:
    config = tmp_path / "bridge.toml"
    config.write_bytes(content)
    only = only_problem(None, {"NOFOS_CONFIG": str(config)})
    assert only.source == "environment NOFOS_CONFIG"
    assert "hunter2" not in f"{only}"
