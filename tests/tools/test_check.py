"""`check` prints what holds, or what is wrong; never a secret."""

import io
import re
from pathlib import Path

import pytest

from bridge.core.errors import FixSettings, Problem
from bridge.settings import load
from bridge.tools.check import check, format_problems
from tests.kit.logs import Terminal

STORE = {"NOFOS_INFLUX__URL": "http://store:8086", "NOFOS_INFLUX__BUCKET": "b"}
SECRETS = {
    "NOFOS_MQTT__USERNAME": "me",
    "NOFOS_MQTT__PASSWORD": "hunter2-a",
    "NOFOS_HTTP__USERNAME": "me",
    "NOFOS_HTTP__PASSWORD": "hunter2-b",
    "NOFOS_INFLUX__TOKEN": "hunter2-c",
    "NOFOS_WEB__USERNAME": "me",
    "NOFOS_WEB__PASSWORD_HASH": "scrypt$hunter2hunter2$hunter2hunter2",
    "NOFOS_INFLUX__MIRRORS__M__URL": "http://mirror",
    "NOFOS_INFLUX__MIRRORS__M__BUCKET": "b",
    "NOFOS_INFLUX__MIRRORS__M__TOKEN": "hunter2-e",
}


def _check(environ: dict[str, str], out: io.StringIO | None = None) -> tuple[int, str, str]:
    """The exit code, standard output and standard error."""
    out, err = out or io.StringIO(), io.StringIO()
    code = check(None, environ, out, err)
    return code, out.getvalue(), err.getvalue()


def _row(out: str, name: str) -> list[str]:
    (line,) = [line for line in out.splitlines() if line.startswith(f"{name} ")]
    return re.split(r" {2,}", line)


def test_good_settings_are_shown_with_their_source() -> None:
    code, out, _ = _check(STORE | {"NOFOS_HTTP__TIMEOUT": "5s"})
    assert code == 0
    assert _row(out, "mqtt.url") == ["mqtt.url", "mqtt://localhost:1883", "default"]
    assert _row(out, "http.timeout") == ["http.timeout", "5s", "environment NOFOS_HTTP__TIMEOUT"]
    assert _row(out, "journal.max_bytes") == ["journal.max_bytes", "2GB", "default"]


def test_every_setting_is_shown() -> None:
    _, out, _ = _check(STORE)
    names = [line.split()[0] for line in out.splitlines() if line]
    assert len(names) == 62
    assert len(set(names)) == 62


def test_the_columns_are_aligned() -> None:
    _, out, _ = _check({})
    starts = {
        line.index("default") for line in out.splitlines() if line and "http.allow" not in line
    }
    assert len(starts) == 1


def test_tags_and_mirrors_are_shown_one_by_one() -> None:
    _, out, _ = _check(STORE | SECRETS | {"NOFOS_INFLUX__TAGS": "region=north"})
    assert _row(out, "influx.tags.region")[1] == "north"
    assert _row(out, "influx.mirrors.m.url")[1] == "http://mirror"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_no_secret_is_shown(stream: type[io.StringIO]) -> None:
    code, out, err = _check(STORE | SECRETS, stream())
    assert code == 0
    assert "hunter2" not in out + err
    assert "set" in out


@pytest.mark.parametrize(
    ("name", "shown"),
    [("mqtt.password", "set"), ("influx.mirrors.m.token", "set"), ("mqtt.ca_file", "unset")],
)
def test_a_secret_is_set_or_unset(name: str, shown: str) -> None:
    _, out, _ = _check(STORE | SECRETS)
    assert _row(out, name)[1] == shown


def test_a_secret_that_is_unset_says_so() -> None:
    _, out, _ = _check({})
    assert _row(out, "influx.token")[1] == "unset"


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = _check(STORE | {"NOFOS_MQTT__USERNAME": "[red]me"}, Terminal())
    assert "setting" in out
    assert "[red]me" in out
    assert "…" not in out


def test_wrong_settings_name_source_fault_and_remedy() -> None:
    code, out, err = _check({"NOFOS_MQTT__URL": "http://broker"})
    assert code == 2
    assert out == ""
    assert err == (
        "1 setting is invalid:\n"
        "\n"
        "mqtt.url  (environment NOFOS_MQTT__URL)\n"
        "  wrong:  it does not start with mqtt:// or mqtts://\n"
        "  remedy: write mqtt://host:1883 or mqtts://host:8883\n"
    )


def test_check_uses_the_words_of_explain() -> None:
    environ = {"NOFOS_MQTT__URL": "x", "NOFOS_LOG__LEVEL": "loud"}
    with pytest.raises(FixSettings) as caught:
        load(None, environ)
    assert _check(environ)[2] == format_problems(caught.value.problems)
    assert format_problems(caught.value.problems).startswith("2 settings are invalid:\n\n")


def test_what_is_wrong_holds_no_secret() -> None:
    wrong = {
        "NOFOS_MQTT__URL": "mqtt://me:hunter2@broker",
        "NOFOS_INFLUX__URL": "http://me:hunter2@store",
        "NOFOS_INFLUX__TOKN": "hunter2",
        "NOFOS_INFLUX__MIRRORS__M": '{"token": "hunter2"',
        "NOFOS_INFLUX__TAGS": "hunter2",
    }
    code, out, err = _check(SECRETS | wrong)
    assert code == 2
    assert "hunter2" not in out + err


def test_control_characters_reach_no_terminal() -> None:
    text = format_problems([Problem("a\x1b[31m", "b\n", "c\r", "d\x9b")])
    assert all(line.isprintable() for line in text.split("\n"))


def test_a_file_is_checked_too(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text('[mqtt]\nurl = "mqtt://broker"\n')
    out, err = io.StringIO(), io.StringIO()
    assert check(config, STORE, out, err) == 0
    assert _row(out.getvalue(), "mqtt.url")[2] == f"file {config} [mqtt] url"
