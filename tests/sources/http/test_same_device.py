"""One device behind many names: it gets one request at a time, and no login before its time."""

import asyncio
from ipaddress import ip_address

import pytest

from bridge.core.model import ChargerId
from bridge.core.polling.address import Address
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.request_gate import RequestGate, web_server
from tests.kit.polling import SEVEN, Keys, Names, client, http, strange

GOOD = http('{"state":3}')
LOGIN = ChargerLogin("anna", "hush")


async def test_many_names_of_one_address_are_one_device() -> None:
    busy, most = 0, 0

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.05)
        busy -= 1
        writer.write(GOOD)

    hosts = [f"c{number}.lan" for number in range(200)]
    one = client(names=Names(dict.fromkeys(hosts, ("127.0.0.1",))), gate=RequestGate(0.0))
    async with strange(respond) as server:
        replies = await asyncio.gather(
            *(one.fetch(ChargerId(host), Address(False, host, server.port), Page.STATUS)
              for host in hosts)
        )  # fmt: skip
        assert (most, len(server.requests)) == (1, 1)
    outcomes = [reply.outcome for reply in replies]
    assert outcomes.count(PollOutcome.BUSY) == 199
    assert {reply.server for reply in replies} == {f"127.0.0.1 {server.port}"}


async def test_a_device_has_a_pause_after_each_request() -> None:
    one = client(gate=RequestGate(60.0))
    async with strange(GOOD) as server:
        first = await one.fetch(SEVEN, server.address, Page.STATUS)
        second = await one.fetch(ChargerId("eight"), server.address, Page.STATUS)
        assert len(server.requests) == 1
    assert (first.outcome, second.outcome) == (PollOutcome.OK, PollOutcome.BUSY)


async def test_the_next_address_of_a_name_is_not_tried_while_one_is_busy() -> None:
    gate = RequestGate(60.0)
    one = client(names=Names({"a.lan": ("127.0.0.1", "127.0.0.2")}), gate=gate)
    async with strange(GOOD) as server:
        await one.fetch(SEVEN, server.address, Page.STATUS)
        address = Address(False, "a.lan", server.port)
        assert (await one.fetch(ChargerId("eight"), address, Page.STATUS)).outcome == "busy"
        assert len(server.requests) == 1


async def test_a_request_that_timed_out_frees_the_device() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    one = client(gate=RequestGate(0.0), timeout=0.1)
    async with strange(silent) as server:
        for _ in range(2):
            reply = await one.fetch(SEVEN, server.address, Page.STATUS)
            assert reply.outcome is PollOutcome.TIMEOUT


async def test_who_is_not_trusted_is_not_polled_where_the_login_would_go() -> None:
    one = client(keys=Keys(LOGIN), trusted=lambda charger: charger != SEVEN)
    async with strange(GOOD) as server:
        reply = await one.fetch(SEVEN, server.address, Page.STATUS)
        assert (reply.outcome, server.requests) == (PollOutcome.UNTRUSTED, [])
        reply = await one.fetch(ChargerId("eight"), server.address, Page.STATUS)
        assert reply.outcome is PollOutcome.OK
        assert b"Authorization" in server.requests[0]


async def test_where_no_login_would_go_nobody_has_to_be_trusted() -> None:
    one = client(trusted=lambda charger: False)
    async with strange(GOOD) as server:
        assert (await one.fetch(SEVEN, server.address, Page.STATUS)).outcome is PollOutcome.OK
        assert b"Authorization" not in server.requests[0]


@pytest.mark.parametrize(
    ("ip", "other"),
    [
        ("10.0.0.5", "::ffff:10.0.0.5"),
        ("10.0.0.5", "64:ff9b::a00:5"),
        ("10.0.0.5", "2002:a00:5::1"),
        ("fd12::5", "fd12:0:0::0005"),
    ],
)
def test_another_spelling_of_an_address_is_the_same_device(ip: str, other: str) -> None:
    servers = {
        web_server(Address(tls, "a.lan", 80), ip_address(text))
        for tls in (False, True)
        for text in (ip, other)
    }
    assert len(servers) == 1
