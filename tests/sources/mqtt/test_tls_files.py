"""The files of TLS to the broker: refused at start, named at a reconnect, renewed at the next."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from bridge.sources.mqtt.broker import Broker
from bridge.sources.mqtt.tls import context
from bridge.sources.mqtt.why import TlsTrouble
from tests.kit.certificates import Authority
from tests.kit.mqtts import quick_retries, watched
from tests.kit.servers import Mosquitto
from tests.kit.servers.mosquitto import Tls
from tests.kit.settings import problem
from tests.kit.support import eventually

PEM = serialization.Encoding.PEM


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with quick_retries(monkeypatch):
        yield


class Site:
    """A broker that demands certificates, and a client's files, all from one authority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.renew()

    def renew(self) -> None:
        """A new authority, and all certificates issued again."""
        self.authority = Authority(self.folder)
        self.server = self.authority.issue("server", "127.0.0.1")
        self.client = self.authority.issue("client", "bridge")
        self.clients_of = self.folder / "clients.pem"
        self.clients_of.write_bytes(self.authority.file.read_bytes())

    def broker(self) -> Mosquitto:
        """Its authorities lie in a file of its own, so that ours may go bad alone."""
        tls = Tls(self.server.cert_file, self.server.key_file, self.clients_of)
        return Mosquitto(self.folder, tls=tls)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "MQTT__CA_FILE": str(self.authority.file),
            "MQTT__CERT_FILE": str(self.client.cert_file),
            "MQTT__KEY_FILE": str(self.client.key_file),
        }


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# --- What can be wrong with a file -------------------------------------------------------------


def missing(site: Site, file: Path) -> None:
    file.unlink()


def a_folder(site: Site, file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_pipe(site: Site, file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def a_loop(site: Site, file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def empty(site: Site, file: Path) -> None:
    file.write_bytes(b"")


def cut_off(site: Site, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


def garbage(site: Site, file: Path) -> None:
    file.write_bytes(b"\x00\xff" * 500)


def another_ones(site: Site, file: Path) -> None:
    file.write_bytes(site.server.key_file.read_bytes())


def encrypted(site: Site, file: Path) -> None:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    lock = serialization.BestAvailableEncryption(b"secret")
    file.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock))


Fault = Callable[[Site, Path], None]
FAULTS = [
    ("CA_FILE", missing, "mqtt.ca_file .* cannot be read: no such file"),
    ("CA_FILE", a_folder, "mqtt.ca_file .* cannot be read: not a file"),
    ("CA_FILE", empty, "mqtt.ca_file .* holds no certificate"),
    ("CA_FILE", garbage, "mqtt.ca_file .* holds no certificate"),
    ("CERT_FILE", missing, "mqtt.cert_file .* cannot be read: no such file"),
    ("CERT_FILE", a_pipe, "mqtt.cert_file .* cannot be read: not a file"),
    ("CERT_FILE", cut_off, "mqtt.cert_file .* holds no certificate"),
    ("CERT_FILE", garbage, "mqtt.cert_file .* holds no certificate"),
    ("KEY_FILE", missing, "mqtt.key_file .* cannot be read: no such file"),
    ("KEY_FILE", a_loop, "mqtt.key_file .* cannot be read: too many levels"),
    ("KEY_FILE", garbage, "mqtt.key_file .* holds no key"),
    ("KEY_FILE", another_ones, "mqtt.key_file .* does not belong to mqtt.cert_file"),
    ("KEY_FILE", encrypted, "mqtt.key_file .* is encrypted: use a key without a passphrase"),
]
each_fault = pytest.mark.parametrize(("name", "fault", "sentence"), FAULTS)


@each_fault
def test_a_file_that_cannot_be_used_ends_the_start(
    site: Site, name: str, fault: Fault, sentence: str
) -> None:
    fault(site, Path(site.settings[f"MQTT__{name}"]))
    setting = problem(**site.settings).name
    # Of a pair that does not fit, the certificate is named.
    assert setting in {f"mqtt.{name.lower()}", "mqtt.cert_file"}


@each_fault
def test_a_file_that_cannot_be_used_is_named(
    site: Site, name: str, fault: Fault, sentence: str
) -> None:
    files = site.settings
    fault(site, Path(files[f"MQTT__{name}"]))
    broker = Broker(
        "127.0.0.1", 8883, "x", tls=True, ca_file=files["MQTT__CA_FILE"],
        cert_file=files["MQTT__CERT_FILE"], key_file=files["MQTT__KEY_FILE"],
    )  # fmt: skip
    with pytest.raises(TlsTrouble, match=sentence):
        context(broker)


@pytest.mark.parametrize(
    ("name", "fault", "sentence"), [FAULTS[0], FAULTS[3], FAULTS[6], FAULTS[11], FAULTS[12]]
)
async def test_a_file_that_goes_bad_is_told_at_each_attempt_until_it_is_mended(
    site: Site, tmp_path: Path, name: str, fault: Fault, sentence: str
) -> None:
    with site.broker() as server:
        async with watched(tmp_path, server.url, **site.settings) as it:
            await it.hears()
            file = Path(site.settings[f"MQTT__{name}"])
            good = file.read_bytes()
            fault(site, file)
            server.restart()
            await it.loses()
            await it.fails(sentence)
            file.write_bytes(good)
            await it.hears()


async def test_renewed_files_are_used_at_the_next_connection(site: Site, tmp_path: Path) -> None:
    with site.broker() as server:
        async with watched(tmp_path, server.url, **site.settings) as it:
            await it.hears()
            site.renew()
            server.restart()
            await eventually(lambda: it.said("mqtt.connected") == 2, 20)
            await it.hears()


async def test_an_authority_that_was_replaced_is_not_trusted_any_more(
    site: Site, tmp_path: Path
) -> None:
    with site.broker() as server:
        async with watched(tmp_path, server.url, **site.settings) as it:
            await it.hears()
            Authority(tmp_path)
            server.restart()
            await it.loses()
            await it.fails("not from an authority that we trust")


READS_A_KEY = """
from sys import argv
from bridge.sources.mqtt.broker import Broker
from bridge.sources.mqtt.tls import context
context(Broker("127.0.0.1", 8883, "x", tls=True, cert_file=argv[1], key_file=argv[2]))
"""


def test_nobody_is_asked_for_a_passphrase_on_the_terminal(site: Site) -> None:
    encrypted(site, site.client.key_file)
    # A session of its own, with a terminal that somebody could type on.
    ours, theirs = pty.openpty()
    files = [str(site.client.cert_file), str(site.client.key_file)]
    try:
        done = subprocess.run(
            [sys.executable, "-c", READS_A_KEY, *files], stdin=theirs, stdout=theirs,
            stderr=subprocess.PIPE, start_new_session=True, timeout=20, check=False,
        )  # fmt: skip
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"use a key without a passphrase" in done.stderr
