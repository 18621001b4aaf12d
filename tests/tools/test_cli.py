"""The commands as a newcomer types them: what they print, and how they end."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from bridge.tools.fields import table
from tests.kit.forked import run_command
from tests.kit.root import ROOT
from tests.kit.servers import free_port
from tests.kit.support import eventually

COMMANDS = (
    "run",
    "demo",
    "check",
    "doctor",
    "simulate",
    "record",
    "refused",
    "export",
    "replay",
    "fields",
    "query",
    "enroll",
)


def environ(**settings: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("NOFOS_")}
    return {**kept, **{f"NOFOS_{name}": text for name, text in settings.items()}}


def nofos(
    *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return run_command(arguments, env or environ(), seconds=60)


@contextmanager
def started(*arguments: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *arguments], env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example(command: str) -> None:
    done = nofos(command, "--help")
    assert done.returncode == 0
    assert "Example: " in done.stdout


def test_the_help_lists_the_commands() -> None:
    done = nofos("--help")
    assert all(f" {command} " in done.stdout for command in COMMANDS)


def test_check_of_good_settings_exits_0() -> None:
    done = nofos("check", env=environ(MQTT__URL="mqtt://broker", MQTT__PASSWORD="hush-hush"))
    assert done.returncode == 0
    assert "mqtt://broker:1883" in done.stdout
    assert "environment NOFOS_MQTT__URL" in done.stdout
    assert "hush-hush" not in done.stdout + done.stderr


def test_run_refuses_bad_settings_in_the_words_of_check() -> None:
    env = environ(MQTT__URL="http://broker", FLEET__STALE_AFTER="soon", MQTT__URI="x")
    checked, ran = nofos("check", env=env), nofos("run", env=env)
    assert (checked.returncode, ran.returncode) == (2, 2)
    assert checked.stderr == ran.stderr
    for output in ("mqtt.url", "NOFOS_FLEET__STALE_AFTER", "mqtt.uri", "remedy: "):
        assert output in ran.stderr


def test_a_taken_port_ends_run_with_1_and_a_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = nofos(
            "run", env=environ(WEB__LISTEN=f"127.0.0.1:{port}", JOURNAL__DIR=str(tmp_path))
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "web.listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_ends_run_with_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = nofos("run", env=environ(JOURNAL__DIR=str(tmp_path / "file" / "data")))
    assert done.returncode == 1
    assert "journal.dir" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_second_run_exits_2_and_names_the_firsts_pid(tmp_path: Path) -> None:
    env = environ(
        JOURNAL__DIR=str(tmp_path), WEB__LISTEN="127.0.0.1:0", MQTT__URL="mqtt://127.0.0.1:9"
    )
    with started("run", env=env) as first:
        await eventually(lambda: (tmp_path / "state.db").exists(), 20)
        second = nofos("run", env=env)
        assert second.returncode == 2
        assert f"pid {first.pid}" in second.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0


def test_the_demo_shows_chargers_within_15_s_and_ends_well_on_ctrl_c() -> None:
    port = free_port()
    began = time.monotonic()
    with started("demo", "--chargers", "5", env=environ(WEB__LISTEN=f"127.0.0.1:{port}")) as demo:
        assert demo.stdout is not None
        output = [demo.stdout.readline() for _ in range(10)]
        assert time.monotonic() - began < 15
        text = "".join(output)
        assert "5 simulated chargers at 10 times speed" in text
        assert f"http://localhost:{port}/" in text
        assert "Ctrl-C" in text
        while b'evse_bridge_chargers{state="up"} 5.0' not in _metrics(port):
            assert time.monotonic() - began < 40
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=20)
    assert demo.returncode == 0
    assert out.endswith("Stopped.\n")
    assert err == ""


def _metrics(port: int) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        body: bytes = reply.read()
        return body


def test_a_simulation_that_cannot_be_is_said_so() -> None:
    done = nofos("simulate", "--broker", "ftp://x", "--chargers", "1")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nofos-bridge: ")


def test_refused_of_a_folder_without_a_journal_prints_nothing(tmp_path: Path) -> None:
    done = nofos("refused", env=environ(JOURNAL__DIR=str(tmp_path)))
    assert (done.returncode, done.stdout) == (0, "")


def test_the_page_of_fields_is_fresh() -> None:
    assert (ROOT / "docs" / "fields.md").read_text(encoding="utf-8") == table()


def test_fields_prints_that_page() -> None:
    assert nofos("fields").stdout == table()


def test_make_sees_that_the_demo_ended_well_on_ctrl_c(tmp_path: Path) -> None:
    """A real terminal, and make in its foreground."""
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"demo:\n\t@{sys.executable} -m bridge demo --chargers 1\n")
    env = environ(WEB__LISTEN=f"127.0.0.1:{free_port()}") | {"PYTHONPATH": str(ROOT)}
    terminal, other_end = pty.openpty()
    # The first terminal that the leader of a session opens becomes its own.
    open_it = f"exec make -f {makefile} demo <>{os.ttyname(other_end)} >&0 2>&1"
    process = subprocess.Popen(["sh", "-c", open_it], env=env, start_new_session=True)
    try:
        output = b""
        while b"Ctrl-C stops everything" not in output:
            output += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        os.close(other_end)
