"""`doctor` on this machine: the data folder, the web port, the files that settings name."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.storage.folder_lock import FolderLock
from bridge.tools.doctor.files import probe_certificates, probe_credentials, probe_labels
from bridge.tools.doctor.folder import probe_folder
from bridge.tools.doctor.settings import probe_settings
from bridge.tools.doctor.web import probe_web
from tests.kit.certificates import LONG_AGO, Authority
from tests.kit.doctor import case, findings, told
from tests.kit.polling import http, strange
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto


async def test_good_settings_are_one_line_and_surprises_one_each() -> None:
    about = case(INFLUX__URL="http://store:8086", INFLUX__BUCKET="b", HTTP__PASSWORD="hush",
                 WEB__LISTEN="127.0.0.1:9876")  # fmt: skip
    assert await told(probe_settings, about) == [
        ("ok", "all valid; `nofos-bridge check` shows them"),
        ("warning", "http.password is set without http.username"),
        (
            "warning",
            "http.allow is unset: polls carry no credentials until it names the networks",
        ),
    ]


# --- The data folder ---------------------------------------------------------------------


async def test_a_folder_that_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    found = await told(probe_folder, case(JOURNAL__DIR=str(tmp_path), JOURNAL__MAX_BYTES="64KiB"))
    assert [verdict for verdict, _ in found] == ["ok", "ok", "ok"]
    assert found[0][1] == f"{tmp_path} is writable"
    assert found[1][1] == "not in use by a bridge"
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    found = await told(probe_folder, case(JOURNAL__DIR=str(folder)))
    assert found[0] == ("ok", f"{folder} is writable: the bridge will create it")
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_to_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file"
    (found,) = await findings(probe_folder, case(JOURNAL__DIR=str(folder)))
    assert found.status.value == "failed"
    assert found.message == f"{folder} is not writable: Not a directory"
    assert "journal.dir (NOFOS_JOURNAL__DIR)" in (found.remedy or "")


async def test_a_disk_that_is_full_fails_and_wants_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    (found,) = await findings(probe_folder, case(JOURNAL__DIR=str(tmp_path)))
    assert found.message == f"{tmp_path} is not writable: No space left on device"
    assert (found.remedy or "").startswith("free some disk space")


async def test_a_disk_that_is_too_small_for_the_journal_is_a_warning(tmp_path: Path) -> None:
    about = case(JOURNAL__DIR=str(tmp_path), JOURNAL__MAX_BYTES="900000TB")
    (*_, (verdict, found)) = await told(probe_folder, about)
    assert verdict == "warning"
    assert found.endswith("the journal may still grow by 900,000,000,000 MB")


async def test_a_running_bridge_is_named_and_keeps_its_lock(tmp_path: Path) -> None:
    about = case(JOURNAL__DIR=str(tmp_path))
    with FolderLock(tmp_path):
        found = await told(probe_folder, about)
        with (tmp_path / "lock").open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    assert found[1] == ("ok", f"in use by the bridge with pid {os.getpid()}, which keeps running")


async def test_the_lock_that_a_bridge_left_is_free_afterwards(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        pass
    found = await told(probe_folder, case(JOURNAL__DIR=str(tmp_path)))
    assert found[1] == ("ok", "not in use by a bridge")
    with FolderLock(tmp_path):
        pass


# --- The web port ------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens who never answers."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


async def test_a_free_port_is_good_and_free_again() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    about = case(WEB__LISTEN=f"127.0.0.1:{port}")
    expected = [("ok", f"127.0.0.1:{port} is free")]
    assert await told(probe_web, about) == expected
    assert await told(probe_web, about) == expected


async def test_a_port_is_good_where_a_bridge_answers(tmp_path: Path, mosquitto: Mosquitto) -> None:
    async with bridge(tmp_path, mosquitto.url) as running:
        await running.hears()
        place = f"127.0.0.1:{running.port}"
        assert await told(probe_web, case(WEB__LISTEN=place)) == [
            ("ok", f"a bridge is running on {place} and is ready")
        ]


async def test_a_bridge_that_is_not_ready_is_a_warning(tmp_path: Path) -> None:
    async with bridge(tmp_path, "mqtt://127.0.0.1:9") as running:
        place = f"127.0.0.1:{running.port}"
        ((verdict, found),) = await told(probe_web, case(WEB__LISTEN=place))
    assert verdict == "warning"
    assert found == f"a bridge is running on {place} but is not ready: not connected to the broker"


async def test_a_port_of_another_web_server_fails() -> None:
    async with strange(http("hello")) as server:
        place = f"127.0.0.1:{server.port}"
        (found,) = await findings(probe_web, case(WEB__LISTEN=place))
    assert found.status.value == "failed"
    assert found.message == f"another program uses {place} (HTTP 200)"
    assert "web.listen (NOFOS_WEB__LISTEN)" in (found.remedy or "")


async def test_a_port_of_a_program_that_says_nothing_fails(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.tools.doctor.web.TIMEOUT_SECONDS", 0.2)
    assert await told(probe_web, case(WEB__LISTEN=f"127.0.0.1:{taken}")) == [
        ("failed", f"another program uses 127.0.0.1:{taken} (no reply in time)")
    ]


async def test_an_address_of_another_machine_fails() -> None:
    ((verdict, found),) = await told(probe_web, case(WEB__LISTEN="192.0.2.1:9876"))
    assert verdict == "failed"
    assert found == "cannot listen on 192.0.2.1:9876: Cannot assign requested address"


# --- Certificates, credentials, labels ----------------------------------------------------


async def test_each_certificate_file_is_told_with_its_end(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    soon = datetime.now(UTC) + timedelta(days=3, hours=1)
    old = authority.issue("old", "127.0.0.1", not_after=LONG_AGO)
    ending = authority.issue("ending", "127.0.0.1", not_after=soon)
    about = case(
        WEB__CERT_FILE=str(old.cert_file), WEB__KEY_FILE=str(old.key_file),
        MQTT__CERT_FILE=str(ending.cert_file), MQTT__KEY_FILE=str(ending.key_file),
        HTTP__CA_FILE=str(authority.file),
    )  # fmt: skip
    found = {each.subject: each for each in await findings(probe_certificates, about)}
    assert {name: each.status.value for name, each in found.items()} == {
        "certificate mqtt.cert_file": "warning",
        "certificate http.ca_file": "ok",
        "certificate web.cert_file": "failed",
    }
    assert found["certificate web.cert_file"].message == (
        f"{old.cert_file} expired on 2020-01-02 00:00 UTC"
    )
    assert found["certificate mqtt.cert_file"].message.endswith("UTC, for 3 days")


async def test_a_certificate_without_a_date_fails(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    about = case(MQTT__CA_FILE=str(authority.file))
    authority.file.write_text("no certificate")
    ((verdict, found),) = await told(probe_certificates, about)
    assert verdict == "failed"
    assert found == f"{authority.file} contains no certificate with a readable date"


async def test_the_credentials_file_is_counted_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "credentials.toml"
    file.write_text('[seven]\nusername = "anna"\npassword = "hush-hush"\n')
    about = case(HTTP__CREDENTIALS_FILE=str(file))
    assert await told(probe_credentials, about) == [("ok", f"{file} has entries for 1 charger")]
    file.write_text('[seven]\nusername = "anna"\npassword = hush-hush\n')
    assert await told(probe_credentials, about) == [("failed", f"{file}: it is not TOML")]


async def test_the_labels_file_is_counted_and_its_faults_told(tmp_path: Path) -> None:
    file = tmp_path / "labels.toml"
    file.write_text('[seven]\nalias = "Gate"\n')
    about = case(FLEET__LABELS_FILE=str(file))
    assert await told(probe_labels, about) == [("ok", f"{file} has labels for 1 charger")]
    file.write_text('[seven]\ncolour = "red"\n')
    assert await told(probe_labels, about) == [("failed", '"seven" has no member "colour"')]


async def test_files_that_are_not_named_are_not_spoken_of() -> None:
    about = case()
    assert await told(probe_certificates, about) == []
    assert await told(probe_credentials, about) == []
    assert await told(probe_labels, about) == []
