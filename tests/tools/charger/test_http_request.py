"""One request of a command: over TLS, by name, against servers that are slow or endless."""

import asyncio
import ssl
from pathlib import Path

import pytest

from bridge.core.errors import CommandFailed
from tests.kit.certificates import Authority
from tests.kit.chargers import Depot
from tests.kit.polling import http, strange

GOOD = http('{"cmd":"$GA","ret":"$OK 220 0"}')
TOLD = "current_scale   220\ncurrent_offset  0\n"


@pytest.fixture
def alone(tmp_path: Path) -> Depot:
    return Depot("", "mqtt://127.0.0.1:9", tmp_path / "data")


def certified(authority: Authority, host: str) -> ssl.SSLContext:
    files = authority.issue("charger", host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert_file, files.key_file)
    return context


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_charger_with_https_is_asked_where_its_certificate_is_trusted(
    alone: Depot, tmp_path: Path, host: str
) -> None:
    authority = Authority(tmp_path)
    async with strange(GOOD, tls=certified(authority, host)) as server:
        url = f"https://{host}:{server.port}/"
        out, _ = await alone.ask(url, "$GA", HTTP__CA_FILE=str(authority.file))
    assert out == TOLD


async def test_a_certificate_that_is_not_trusted_is_said_so(alone: Depot, tmp_path: Path) -> None:
    async with strange(GOOD, tls=certified(Authority(tmp_path), "127.0.0.1")) as server:
        with pytest.raises(CommandFailed, match=r"untrusted certificate \(http\.ca_file\)"):
            await alone.ask(f"https://127.0.0.1:{server.port}", "$GA")
        assert server.requests == []


async def test_a_charger_is_asked_by_its_name(alone: Depot) -> None:
    async with strange(GOOD) as server:
        out, _ = await alone.ask(f"http://localhost:{server.port}", "$GA")
        assert server.fields()["Host"] == f"localhost:{server.port}"
    assert out == TOLD


async def test_a_server_that_never_answers_is_not_waited_for(alone: Depot) -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with strange(wait) as server:
        with pytest.raises(CommandFailed, match="did not answer in time"):
            await alone.ask(str(server.address), "$GA", HTTP__TIMEOUT="0.3s")


async def test_an_endless_answer_is_not_read_to_its_end(alone: Depot) -> None:
    async with strange(http("x" * 1_000_000)) as server:
        with pytest.raises(CommandFailed, match="larger than any charger's"):
            await alone.ask(str(server.address), "$GA")


async def test_an_answer_that_is_cut_off_is_said_so(alone: Depot) -> None:
    async with strange(GOOD[:-5]) as server:
        with pytest.raises(CommandFailed, match="an incomplete reply"):
            await alone.ask(str(server.address), "$GA")


async def test_no_connection_is_kept(alone: Depot) -> None:
    async with strange(GOOD) as server:
        await alone.ask(str(server.address), "$GA")
        assert server.fields()["Connection"] == "close"
