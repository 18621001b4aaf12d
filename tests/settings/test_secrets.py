"""A secret is read again when its file changes."""

import os
from pathlib import Path

import pytest

from bridge.settings import Secrets
from tests.kit.settings import given, secrets_in


def _rewrite(file: Path, text: str) -> None:
    """Put another file in the place, as an atomic replacement does."""
    fresh = file.with_name(".fresh")
    fresh.write_text(text)
    fresh.replace(file)


def test_a_changed_file_gives_the_new_secret(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__password="one\n")
    secrets = Secrets(given(SECRETS_DIR=str(folder)))
    assert secrets.current("mqtt.password") == "one"
    _rewrite(folder / "mqtt__password", "two\n")
    assert secrets.current("mqtt.password") == "two"


def test_a_file_written_in_place_is_noticed(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__password="one")
    secrets = Secrets(given(SECRETS_DIR=str(folder)))
    assert secrets.current("mqtt.password") == "one"
    (folder / "mqtt__password").write_text("six")
    os.utime(folder / "mqtt__password", ns=(1, 1))
    assert secrets.current("mqtt.password") == "six"


def test_a_secret_changed_before_the_first_look_is_the_new_one(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__password="one")
    settings = given(SECRETS_DIR=str(folder))
    _rewrite(folder / "mqtt__password", "two")
    assert Secrets(settings).current("mqtt.password") == "two"


def test_the_swap_of_a_kubernetes_volume_is_noticed(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path)
    for version in ("..1", "..2"):
        (folder / version).mkdir()
        (folder / version / "mqtt__password").write_text(f"secret{version}")
    (folder / "..data").symlink_to("..1")
    (folder / "mqtt__password").symlink_to("..data/mqtt__password")
    secrets = Secrets(given(SECRETS_DIR=str(folder)))
    assert secrets.current("mqtt.password") == "secret..1"
    (folder / "..new").symlink_to("..2")
    (folder / "..new").replace(folder / "..data")
    assert secrets.current("mqtt.password") == "secret..2"


@pytest.mark.parametrize("damage", ["gone", "not UTF-8"])
def test_an_unreadable_file_leaves_the_last_secret(tmp_path: Path, damage: str) -> None:
    folder = secrets_in(tmp_path, mqtt__password="one")
    secrets = Secrets(given(SECRETS_DIR=str(folder)))
    _rewrite(folder / "mqtt__password", "two")
    assert secrets.current("mqtt.password") == "two"
    if damage == "gone":
        (folder / "mqtt__password").unlink()
    else:
        (folder / "mqtt__password").write_bytes(b"\xff")
    assert secrets.current("mqtt.password") == "two"


def test_a_file_that_cannot_be_used_any_more_is_reported_once(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__password="one")
    refused: list[tuple[str, str]] = []
    secrets = Secrets(
        given(SECRETS_DIR=str(folder)), refused=lambda name, why: refused.append((name, why))
    )
    file = folder / "mqtt__password"
    secrets.current("mqtt.password")
    for spoil in (lambda: file.write_bytes(b"\xff\xfe!"), lambda: _pipe(file), file.unlink):
        spoil()
        assert [secrets.current("mqtt.password") for _ in range(3)] == ["one"] * 3
    assert refused == [
        ("mqtt.password", "not UTF-8"), ("mqtt.password", "not a file"),
        ("mqtt.password", "no such file or directory"),
    ]  # fmt: skip
    file.write_text("two")
    assert secrets.current("mqtt.password") == "two"


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def test_a_secret_from_the_environment_stays(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, mqtt__password="file")
    secrets = Secrets(given(SECRETS_DIR=str(folder), MQTT__PASSWORD="environment"))
    assert secrets.current("mqtt.password") == "environment"


def test_the_token_of_a_mirror_is_a_secret_too(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, influx__mirrors__b__token="one")
    settings = given(
        SECRETS_DIR=str(folder),
        INFLUX__URL="http://a",
        INFLUX__BUCKET="a",
        INFLUX__MIRRORS__B__URL="http://b",
        INFLUX__MIRRORS__B__BUCKET="b",
    )
    _rewrite(folder / "influx__mirrors__b__token", "two")
    assert Secrets(settings).current("influx.mirrors.b.token") == "two"


def test_an_unset_secret_is_none() -> None:
    assert Secrets(given()).current("mqtt.password") is None


@pytest.mark.parametrize("name", ["mqtt.url", "mqtt.none", "none"])
def test_what_is_no_secret_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        Secrets(given()).current(name)
