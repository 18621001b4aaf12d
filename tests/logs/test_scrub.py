"""What strangers send is made safe to print, and secrets are kept out."""

import io
import json

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bridge.logs.scrub import clean, printable
from tests.kit.logs import HOSTILE, logging_to, objects, said_as_json, shown_on_console


def test_a_stranger_cannot_break_a_line_or_steer_the_terminal() -> None:
    shown = shown_on_console(
        name=HOSTILE, list=[HOSTILE], table={HOSTILE: HOSTILE}, raw=HOSTILE.encode()
    )
    assert shown.count("\n") == 1
    assert shown.rstrip("\n").isprintable()


def test_a_stranger_cannot_break_a_json_line() -> None:
    assert said_as_json(name=HOSTILE)["name"] == (
        "a\\x1b[31mred\\x07\\nforged line\\r\\u2028\\u202e\\x9b1m"
    )


@given(st.text())
def test_what_is_printable_stays_and_all_else_is_escaped(text: str) -> None:
    assert printable(text).isprintable()
    if text.isprintable():
        assert printable(text) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_value_becomes_strict_json(value: object) -> None:
    json.dumps(clean(value), allow_nan=False)


def test_values_are_bounded() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    logged = said_as_json(long="x" * 100_000, wide=list(range(10_000)), deep=deep, number=10**5000)
    assert logged["long"] == "x" * 1000 + "…"
    assert logged["wide"] == list(range(100))
    assert logged["deep"] == [[[[[[[["…"]]]]]]]]
    assert logged["number"] == "a number of 16610 bits"


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "mqtt_password",
        "token",
        "influx_token",
        "password_hash",
        "secret",
        "passwd",
        "Authorization",
        "api_key",
        "credentials",
        "TOKEN",
    ],
)
def test_a_secret_is_hidden_by_its_key(key: str) -> None:
    assert "hunter2" not in f"{said_as_json(**{key: 'hunter2'})}"
    assert "hunter2" not in f"{said_as_json(settings=[{key: {'x': 'hunter2'}}])}"
    assert "hunter2" not in shown_on_console(**{key: "hunter2"})


def test_a_secret_is_hidden_in_a_url() -> None:
    assert said_as_json(url="mqtt://me:hunter2@broker:1883/x")["url"] == "mqtt://***@broker:1883/x"


def test_a_secret_is_hidden_in_the_words_of_an_error() -> None:
    assert "hunter2" not in f"{said_as_json(error=ValueError('no http://me:hunter2@host'))}"


def test_a_handler_that_is_not_ours_is_shown_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with logging_to(io.StringIO()):
        structlog.get_logger().warning("login.failed", password="hunter2", name="\x1b")
    assert "login.failed" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_path_that_names_credentials_is_shown() -> None:
    assert said_as_json(credentials_file="x.toml")["credentials_file"] == "x.toml"


def _fail(style: str) -> io.StringIO:
    stream, word = io.StringIO(), "hunter2"
    with logging_to(stream, style=style):
        try:
            raise ValueError(f"{HOSTILE} http://me:{word}@host")
        except ValueError:
            structlog.get_logger().exception("reading.failed", charger="a1")
    return stream


def test_an_exception_is_a_structured_traceback() -> None:
    (logged,) = objects(_fail("json"))
    assert logged["level"] == "error"
    assert isinstance(logged["exception"], list)
    assert logged["exception"][0]["exc_type"] == "ValueError"
    assert logged["exception"][0]["frames"][0]["name"] == "_fail"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_tells_neither_secrets_nor_local_variables(style: str) -> None:
    assert "hunter2" not in _fail(style).getvalue()


def test_a_traceback_on_the_console_cannot_pass_for_a_log_line() -> None:
    first, *others = _fail("console").getvalue().splitlines()
    assert "reading.failed" in first
    assert len(others) > 3
    assert all(line.startswith("    ") and line.isprintable() for line in others)
