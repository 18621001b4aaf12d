"""A file in the secrets folder sets a setting; what is not ours there is left alone."""

import os
from pathlib import Path

import pytest

from tests.kit.settings import given, problem, secrets_in


@pytest.mark.parametrize(
    ("written", "kept"),
    [("pass\n", "pass"), ("pass\r\n", "pass"), ("pass\n\n", "pass\n"), (" p ä ", " p ä ")],
)
def test_one_trailing_newline_of_a_secret_is_cut(tmp_path: Path, written: str, kept: str) -> None:
    folder = secrets_in(tmp_path)
    (folder / "mqtt__password").write_bytes(written.encode())
    password = given(SECRETS_DIR=str(folder)).mqtt.password
    assert password is not None
    assert password.get_secret_value() == kept


def test_a_secrets_folder_as_kubernetes_mounts_it_is_read(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path)
    (folder / "..2026_01_01").mkdir()
    (folder / "..2026_01_01" / "mqtt__password").write_text("hunter2")
    (folder / "..data").symlink_to("..2026_01_01")
    (folder / "mqtt__password").symlink_to("..data/mqtt__password")
    (folder / ".mqtt__pasword").write_text("x")
    (folder / "tls.crt").write_text("x")
    password = given(SECRETS_DIR=str(folder)).mqtt.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_an_unknown_file_in_the_secrets_folder_is_wrong(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__pasword="hunter2")
    only = problem(SECRETS_DIR=str(folder))
    assert only.name == "mqtt.pasword"
    assert only.source == f"secrets folder {folder}/mqtt__pasword"
    assert "did you mean mqtt.password" in only.remedy


def test_a_secrets_folder_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    only = problem(SECRETS_DIR=str(tmp_path / "none"))
    assert only.name == "secrets folder"
    assert only.source == "environment NOFOS_SECRETS_DIR"


@pytest.mark.parametrize("content", [b"\xff", b"x" * 70_000])
def test_a_secret_that_is_no_short_text_is_wrong(tmp_path: Path, content: bytes) -> None:
    folder = secrets_in(tmp_path)
    (folder / "mqtt__password").write_bytes(content)
    assert problem(SECRETS_DIR=str(folder)).name == "mqtt.password"


def test_a_pipe_in_the_secrets_folder_does_not_block(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path)
    os.mkfifo(folder / "mqtt__password")
    assert "not a file" in problem(SECRETS_DIR=str(folder)).wrong
