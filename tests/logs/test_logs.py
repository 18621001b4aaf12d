"""Logs are one line an event, with time, level and fields, whoever says it."""

import io
import json
import logging
import re
import warnings

import pytest
import structlog

from tests.kit.logs import HOSTILE, Terminal, logging_to, objects, said_as_json, shown_on_console


def test_an_event_is_one_json_object_with_its_fields() -> None:
    logged = said_as_json(charger="a1", port=80, up=True, name=None)
    assert list(logged)[:3] == ["timestamp", "level", "event"]
    assert logged["level"] == "info"
    assert logged["event"] == "charger.found"
    assert logged["charger"] == "a1"
    assert logged["port"] == 80
    assert logged["up"] is True
    assert logged["name"] is None


def test_the_time_is_iso_8601_in_utc() -> None:
    stamp = str(said_as_json()["timestamp"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", stamp)


def test_no_terminal_means_json_and_a_terminal_means_console() -> None:
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        with logging_to(stream, style="auto"):
            structlog.get_logger().info("charger.found")
    assert objects(plain)[0]["event"] == "charger.found"
    assert "charger.found" in terminal.getvalue()
    assert "{" not in terminal.getvalue()


def test_a_console_without_a_terminal_has_no_colours() -> None:
    assert "\x1b" not in shown_on_console(charger="a1")
    assert "\x1b" in shown_on_console(True, charger="a1")


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["a.debug", "a.info", "a.warning", "a.error"]),
        ("info", ["a.info", "a.warning", "a.error"]),
        ("warning", ["a.warning", "a.error"]),
        ("error", ["a.error"]),
    ],
)
def test_only_the_level_and_above_is_logged(level: str, events: list[str]) -> None:
    stream = io.StringIO()
    with logging_to(stream, level=level):
        for each in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), each)(f"a.{each}")
    assert [logged["event"] for logged in objects(stream)] == events


def test_libraries_are_heard_from_warning_upwards_in_the_same_form() -> None:
    stream = io.StringIO()
    with logging_to(stream, level="debug"):
        logging.getLogger("paho.mqtt.client").info("chatter")
        logging.getLogger("aiohttp.server").warning(f"bad {HOSTILE[:9]} client %s", HOSTILE)
    (logged,) = objects(stream)
    assert logged["event"] == "library.logged"
    assert logged["logger"] == "aiohttp.server"
    assert logged["level"] == "warning"
    assert logged["message"] == "bad a\\x1b[31mred client %s"


def test_a_library_on_the_console_cannot_break_a_line() -> None:
    stream = io.StringIO()
    with logging_to(stream, style="console"):
        logging.getLogger("aiohttp.server").error(HOSTILE)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().rstrip("\n").isprintable()


def test_a_librarys_error_is_short_and_without_what_others_sent() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        try:
            raise OSError("a peer's text")
        except OSError:
            logging.getLogger("asyncio").exception("Task failed\nfuture: a peer's text %s", "more")
            logging.getLogger("aiohttp.server").error("long " * 100)
    first, second = objects(stream)
    assert "peer" not in json.dumps(first)
    assert (first["message"], first["error"]) == ("Task failed", "OSError")
    assert str(first["frames"]).count("test_logs.py") == 1
    assert len(str(second["message"])) == 200


def test_a_warning_of_python_is_a_log_line() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert objects(stream)[0]["logger"] == "py.warnings"


def test_a_second_set_up_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    with logging_to(first), logging_to(second):
        structlog.get_logger().info("charger.found")
    assert first.getvalue() == ""
    assert len(objects(second)) == 1


def test_logs_go_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(None):
        structlog.get_logger().info("charger.found")
    assert "charger.found" in capsys.readouterr().err
