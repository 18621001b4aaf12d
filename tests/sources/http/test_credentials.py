"""Where logins travel, and the file that names them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from os import mkfifo, truncate
from pathlib import Path

import pytest

from bridge.core.model import ChargerId
from bridge.core.polling.login import ChargerLogin, CredentialsEntry, login_for
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.settings import CredentialsFile
from bridge.settings.credentials import read_credentials
from bridge.settings.parse import InvalidValue
from bridge.sources.http.credentials import Credentials
from tests.kit.core import Bench
from tests.kit.desk import Desk
from tests.kit.polling import LOOPBACK, SEVEN, Stranger, client, http, strange
from tests.kit.settings import problem
from tests.kit.support import eventually

SHARED = ChargerLogin("fleet", "shared-secret")
MINE = ChargerLogin("seven", "own-secret")
NAMED = (ip_network("10.0.0.0/8"),)
OWN = (ip_network("192.168.5.5/32"),)
FILE = b"""
[seven]
username = "seven"
password = "own-secret"
allow = ["192.168.5.5"]
["a:b.c"]
allow = "10.9.0.0/16"
"""


@pytest.mark.parametrize(
    ("entry", "named", "ip", "sent"),
    [
        (CredentialsEntry(), (), "10.0.0.5", None),
        (CredentialsEntry(), NAMED, "10.0.0.5", SHARED),
        (CredentialsEntry(), NAMED, "192.168.5.5", None),
        (CredentialsEntry(allow=OWN), (), "192.168.5.5", SHARED),
        (CredentialsEntry(allow=OWN), (), "10.0.0.5", None),
        (CredentialsEntry(allow=OWN), NAMED, "10.0.0.5", SHARED),
        (CredentialsEntry(MINE), (), "10.0.0.5", None),
        (CredentialsEntry(MINE), NAMED, "10.0.0.5", MINE),
        (CredentialsEntry(MINE), NAMED, "192.168.5.5", None),
        (CredentialsEntry(MINE, OWN), (), "192.168.5.5", MINE),
        (CredentialsEntry(MINE, OWN), (), "10.0.0.5", None),
        (CredentialsEntry(MINE, OWN), NAMED, "10.0.0.5", None),
    ],
)
def test_a_login_travels_only_where_an_operator_named_the_network(
    entry: CredentialsEntry, named: tuple[object, ...], ip: str, sent: ChargerLogin | None
) -> None:
    found = login_for(ip_address(ip), shared=SHARED, entry=entry, named=NAMED if named else ())
    assert found == sent


def test_the_file_gives_each_charger_its_login_and_networks() -> None:
    assert read_credentials(FILE) == {
        "seven": CredentialsEntry(MINE, OWN),
        "a:b.c": CredentialsEntry(None, (ip_network("10.9.0.0/16"),)),
    }


@pytest.mark.parametrize(
    "text",
    [
        "seven = 1",
        "[seven]\nuser = 'own-secret'",
        "[seven]\nusername = 'seven'",
        "[seven]\npassword = 'own-secret'",
        "[seven]\nusername = 'a:b'\npassword = 'own-secret'",
        "[seven]\nusername = 'a'\npassword = 5",
        "[seven]\nallow = ['everywhere']",
        "['seven eleven']\nallow = []",
        "[seven\npassword = own-secret",
        "[a.b]\nusername = 'a'\npassword = 'own-secret'",
        "\ufffd\x00",
    ],
)
def test_a_file_that_cannot_be_used_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_credentials(text.encode())
    assert "own-secret" not in caught.value.problem + caught.value.remedy


def test_a_spoiled_file_is_a_problem_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "logins.toml"
    file.write_text("[seven]\nusername = 'own-secret'")
    found = problem(HTTP__CREDENTIALS_FILE=str(file))
    assert found.name == "http.credentials_file"
    assert "own-secret" not in found.wrong


def test_authorities_that_are_none_are_a_problem_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    assert problem(HTTP__CA_FILE=str(file)).name == "http.ca_file"


def test_a_changed_file_is_read_again_and_a_spoiled_one_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "logins.toml"
    path.write_bytes(FILE)
    file = CredentialsFile(path)
    assert file.refresh()
    assert not file.refresh()
    path.write_text("[seven")
    assert not file.refresh()
    assert str(file.problem) == "it is not TOML"
    assert file.entries[ChargerId("seven")].login == MINE
    path.unlink()
    assert not file.refresh()
    path.write_text("")
    assert file.refresh()
    assert not file.entries
    assert file.problem is None


def pipe(path: Path) -> None:
    path.unlink()
    mkfifo(path)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_text("[seven"), "it is not TOML"),
        (lambda path: path.write_bytes(b"\xff"), "it is not TOML"),
        (lambda path: path.unlink(), "cannot be read: No such file or directory"),
        (pipe, "cannot be read: not a file"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read: not a file"),
        (lambda path: truncate(path, 17 * 1024**2), "cannot be read: over 16777216 bytes"),
        (lambda path: path.write_text("[seven]\npassword = 7"),
         "seven: a username and a password belong together"),
    ],
)  # fmt: skip
def test_each_spoiling_of_the_file_is_reported_once(
    tmp_path: Path, spoil: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "logins.toml"
    path.write_bytes(FILE)
    credentials = Credentials(
        file=CredentialsFile(path), shared=lambda: None, allowed_networks=NAMED
    )
    assert credentials.new_problem() is None
    spoil(path)
    assert not credentials.refresh()
    assert credentials.new_problem() == why
    assert not credentials.refresh()
    assert credentials.new_problem() is None
    assert credentials.login(SEVEN, ip_address("192.168.5.5")) == MINE


async def test_a_spoiled_file_is_logged_while_the_bridge_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.ingest.polling.REFRESH_SECONDS", 0.01)
    path = tmp_path / "logins.toml"
    path.write_bytes(FILE)
    credentials = Credentials(
        file=CredentialsFile(path), shared=lambda: None, allowed_networks=NAMED
    )
    desk = Desk(Bench())
    task = asyncio.create_task(desk.polling.reload_credentials(credentials, lambda: desk.bench.now))
    path.write_text("[seven")
    await eventually(lambda: desk.refused_credentials)
    path.write_text("[seven]\npassword = 7")
    await eventually(lambda: len(desk.refused_credentials) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.refused_credentials == [
        "it is not TOML", "seven: a username and a password belong together",
    ]  # fmt: skip


def test_a_new_password_for_all_is_a_change() -> None:
    now = [SHARED]
    credentials = Credentials(
        file=CredentialsFile(None), shared=lambda: now[0], allowed_networks=NAMED
    )
    assert not credentials.refresh()
    now[0] = replace(SHARED, password="newer")
    assert credentials.refresh()
    assert credentials.login(SEVEN, ip_address("10.0.0.5")) == ChargerLogin("fleet", "newer")


def test_a_password_does_not_show() -> None:
    assert "secret" not in repr(SHARED)


async def login_sent(stranger: Stranger, named: bool) -> str | None:
    credentials = Credentials(
        file=CredentialsFile(None),
        shared=lambda: SHARED,
        allowed_networks=LOOPBACK if named else (),
    )
    one = client(keys=credentials)
    assert (await one.fetch(SEVEN, stranger.address, Page.STATUS)).outcome is PollOutcome.OK
    return stranger.fields().get("Authorization")


@pytest.mark.parametrize(("named", "sent"), [(True, SHARED.header), (False, None)])
async def test_on_the_wire_a_login_travels_only_where_allow_was_set(
    named: bool, sent: str | None
) -> None:
    async with strange(http("{}")) as stranger:
        assert await login_sent(stranger, named) == sent
