"""`query` and `enroll` as typed: where their words go, how they end, where secrets come from."""

import asyncio
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kit.chargers import depot
from tests.kit.servers import Mosquitto
from tests.tools.test_cli import environ, nofos

SECRET = "hush-hush"


async def typed(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Beside the simulated chargers, which live in this process."""
    return await asyncio.to_thread(nofos, *arguments, env=env)


async def test_values_go_to_standard_output_and_the_line_to_standard_error(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    async with depot(tmp_path, mosquitto.url) as one:
        done = await typed("query", one.url, "$GA", env=environ())
    assert done.returncode == 0
    assert done.stdout == "current_scale   220\ncurrent_offset  0\n"
    assert done.stderr == "$OK 220 0\n"


def test_a_command_that_would_change_a_charger_ends_with_1() -> None:
    done = nofos("query", "http://127.0.0.1:9", "$FD", env=environ())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nofos-bridge: unknown query; known queries: $GV $GS ")


def test_a_charger_that_is_away_ends_with_1_and_a_line(tmp_path: Path) -> None:
    done = nofos("query", "http://127.0.0.1:9", "$GS", env=environ(JOURNAL__DIR=str(tmp_path)))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "command"), [("state.db", "query a1 GS"), ("points.db", "refused")]
)
def test_a_data_folder_that_cannot_be_read_ends_with_1_and_a_line(
    tmp_path: Path, file: str, command: str
) -> None:
    # Nobody, root included, can open a socket as a file.
    with socket.socket(socket.AF_UNIX) as unopenable:
        unopenable.bind(str(tmp_path / file))
    done = nofos(*command.split(), env=environ(JOURNAL__DIR=str(tmp_path)))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"nofos-bridge: {file}: unable to open database file\n"


async def test_enrolling_takes_the_password_from_the_environment(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, passwords={"seven": SECRET}) as locked:
        async with depot(tmp_path, "mqtt://127.0.0.1:9", speed=20.0) as one:
            env = environ(ENROLL_PASSWORD=SECRET)
            arguments = ("--broker", locked.url, "--topic", "depot/7", "--username", "seven")
            done = await typed("enroll", one.url, *arguments, "--wait", "8", env=env)
    assert done.returncode == 0, done.stderr
    assert "topic         depot/7\n" in done.stdout
    assert "waiting for the charger's announcement" in done.stderr
    assert SECRET not in done.stdout + done.stderr


async def test_enrolling_takes_the_password_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    with Mosquitto(tmp_path, passwords={"seven": SECRET}) as locked:
        async with depot(tmp_path, "mqtt://127.0.0.1:9", speed=20.0) as one:
            login = ("--username", "seven", "--password-file", str(tmp_path / "password"))
            arguments = ("--broker", locked.url, "--wait", "8", *login)
            done = await typed("enroll", one.url, *arguments, env=environ())
    assert done.returncode == 0, done.stderr


def test_without_a_terminal_a_missing_password_is_said_so() -> None:
    arguments = ("--broker", "mqtt://127.0.0.1:9", "--username", "seven")
    done = nofos("enroll", "http://127.0.0.1:9", *arguments, env=environ())
    assert done.returncode == 1
    assert "use --password-file, or set NOFOS_ENROLL_PASSWORD" in done.stderr


def test_a_password_is_no_argument() -> None:
    arguments = ("--broker", "mqtt://127.0.0.1:9", "--password", SECRET)
    done = nofos("enroll", "http://127.0.0.1:9", *arguments, env=environ())
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_on_a_terminal_the_password_is_asked_for_and_not_shown() -> None:
    terminal, other_end = pty.openpty()
    arguments = ["--broker", "mqtt://127.0.0.1:9", "--username", "seven"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "enroll", "http://127.0.0.1:9", *arguments],
        env=environ(), stdin=other_end, stdout=other_end, stderr=other_end, start_new_session=True,
    )  # fmt: skip
    os.close(other_end)
    output = b""
    try:
        while b"Password of seven at the broker: " not in output:
            output += os.read(terminal, 4096)
        os.write(terminal, SECRET.encode() + b"\n")
        while b"The charger was not changed" not in output:
            output += os.read(terminal, 4096)
        assert process.wait(20) == 1
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert SECRET.encode() not in output


@pytest.mark.parametrize("wrong", ["http://", "10.0.0.7", "http://anna:hush-hush@10.0.0.7"])
def test_a_url_that_is_none_ends_with_1(wrong: str) -> None:
    done = nofos("enroll", wrong, "--broker", "mqtt://127.0.0.1:9", env=environ())
    assert done.returncode == 1
    assert "http://10.0.0.7" in done.stderr
    assert SECRET not in done.stderr
