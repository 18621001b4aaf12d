"""Requests to web servers that are not what they should be: one outcome each, no harm."""

import asyncio
import gzip
import logging
import ssl
import zlib
from ipaddress import ip_address
from random import Random

import pytest
import trustme

from bridge.core.polling.address import Address, AddressFault
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.unread import Fault, Unread
from bridge.sources.http.exchange import tls_context
from tests.kit.polling import SEVEN, Keys, Names, Respond, answer_to, client, http, strange
from tests.kit.support import eventually

GOOD = http('{"state":3,"amp":15.9}')
ENDLESS_SECONDS = 0.4
COOKIE = http('{"a":[1]}', "200 OK", "Set-Cookie: a=b; Path=/; Max-Age=9")
CUT = b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"state":3,"amp"'


def saying(*parts: bytes, forever: bool = False, pause: float = 0.0) -> Respond:
    """Says the parts, the last one again and again where it is to go on for ever."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while forever:
            writer.write(parts[-1])
            await writer.drain()
            await asyncio.sleep(pause)

    return respond


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_good_document_is_given() -> None:
    reply = await answer_to(GOOD)
    assert (reply.outcome, reply.document) == (PollOutcome.OK, {"state": 3, "amp": 15.9})


async def test_a_document_may_come_in_chunks_and_small_pieces() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [head, b"8\r\n", b'{"state"', b"\r\n3\r\n", b":3}", b"\r\n0\r\n\r\n"]
    reply = await answer_to(saying(*pieces))
    assert reply.document == {"state": 3}


async def test_a_document_may_end_with_the_connection() -> None:
    reply = await answer_to(b'HTTP/1.0 200 OK\r\n\r\n{"state":3}')
    assert reply.document == {"state": 3}


@pytest.mark.parametrize(
    ("response_bytes", "outcome"),
    [
        (http("", "401 Unauthorized", "WWW-Authenticate: Basic realm=nofos-1a2b"), "unauthorized"),
        (http("", "404 Not Found"), "not_found"),
        (http("", "403 Forbidden"), "http_error"),
        (http("oops", "500 Internal Server Error"), "http_error"),
        (http("", "204 No Content"), "http_error"),
        (http('{"state":3}', "206 Partial Content"), "http_error"),
        (b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n", "http_error"),
        (b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n", "unauthorized"),
        (b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n", "not_found"),
        (http("", "301 Moved", "Location: http://127.0.0.1/restart"), "redirect"),
        (http("", "302 Found", "Location: file:///etc/passwd"), "redirect"),
        (http("", "307 Again", "Location: /reset"), "redirect"),
        (http("", "308 Again", "Location: http://["), "redirect"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
         "http_error"),
        (CUT, "malformed"),
        (http('{"state":3,"amp"'), "malformed"),
        (http(""), "malformed"),
        (http("null"), "malformed"),
        (http('"text"'), "malformed"),
        (http("[1,2]"), "malformed"),
        (http("7"), "malformed"),
        (http('{"a":1}{"b":2}'), "malformed"),
        (http("<html>"), "malformed"),
        (http('{"state":3}'.encode("utf-16")), "malformed"),
        (http('{"a":' * 20 + "1" + "}" * 19), "malformed"),
        (http('{"a":[' + "1," * 9_000 + 'nan]}'), "malformed"),
        (http("[" * 60_000), "malformed"),
        (http(gzip.compress(b'{"state":3}'), "200 OK", "Content-Encoding: gzip"), "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":', "malformed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed"),
        (b"\x15\x03\x01\x00\x02\x02\x50", "malformed"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}", "malformed"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n{}", "malformed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 50_000 + b"\r\n{}", "malformed"),
        (http('{"a":"' + "x" * 66_000 + '"}'), "too_large"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 70_000, "too_large"),
        (b"", "unreachable"),
        (b"HTTP/1.1 200", "unreachable"),
    ],
)  # fmt: skip
async def test_an_odd_answer_has_one_outcome(response_bytes: bytes, outcome: str) -> None:
    reply = await answer_to(response_bytes)
    assert (reply.outcome, reply.document) == (outcome, None)


async def test_a_number_that_is_too_large_does_not_spoil_its_document() -> None:
    reply = await answer_to(http('{"state":3,"wh":' + "9" * 5000 + ',"amp":1e999}'))
    assert reply.document == {"state": 3, "wh": float("inf"), "amp": float("inf")}


async def test_an_endless_body_is_cut_off() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = await answer_to(saying(head, b"1000\r\n" + b" " * 4096 + b"\r\n", forever=True))
    assert reply.outcome is PollOutcome.TOO_LARGE


async def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(b" " * 30_000_000)
    reply = await answer_to(http(bomb, "200 OK", "Content-Encoding: deflate"))
    assert len(bomb) < 64 * 1024
    assert reply.outcome is PollOutcome.MALFORMED


@pytest.mark.parametrize(
    "respond",
    [
        silent,
        saying(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n", forever=True, pause=0.05),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b" ", forever=True, pause=0.05),
        saying(b"HTTP/1.1 100 Continue\r\n\r\n", forever=True, pause=0.01),
    ],
    ids=["silent", "slow head", "slow body", "continue for ever"],
)
async def test_an_answer_that_does_not_end_is_a_timeout(respond: Respond) -> None:
    reply = await answer_to(respond, seconds=ENDLESS_SECONDS)
    assert reply.outcome is PollOutcome.TIMEOUT
    assert reply.seconds < 2.0


async def test_endless_header_lines_are_cut_off() -> None:
    reply = await answer_to(saying(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n" * 100, forever=True))
    assert reply.outcome is PollOutcome.MALFORMED


async def test_a_connection_that_is_reset_is_unreachable() -> None:
    assert (await answer_to(reset)).outcome is PollOutcome.UNREACHABLE


async def test_a_closed_port_is_unreachable() -> None:
    async with strange(GOOD) as stranger:
        address = stranger.address
    one = client()
    assert (await one.fetch(SEVEN, address, Page.STATUS)).outcome is PollOutcome.UNREACHABLE


async def test_a_crash_log_may_be_a_list() -> None:
    reply = await answer_to(http('[{"seq":1}]'), Page.CRASHLOG)
    assert reply.document == [{"seq": 1}]


async def test_random_bytes_never_raise() -> None:
    rng, found = Random(7), set()
    response_bytes = b""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response_bytes)

    one = client(timeout=2.0)
    async with strange(respond) as stranger:
        for _ in range(300):
            raw = bytearray(rng.choice((GOOD, CUT, COOKIE)))
            for _ in range(rng.randint(1, 6)):
                raw[rng.randrange(len(raw))] = rng.choice(b"\x00\r\n :\xff09[{;=")
            response_bytes = bytes(raw)
            found.add((await one.fetch(SEVEN, stranger.address, Page.STATUS)).outcome)
    assert found <= {"ok", "malformed", "unreachable", "http_error", "redirect", "too_large"}
    assert "ok" in found


async def test_the_request_is_as_small_and_plain_as_can_be() -> None:
    one = client()
    async with strange(GOOD) as stranger:
        await one.fetch(SEVEN, stranger.address, Page.CONFIG)
    assert stranger.requests[0].startswith(b"GET /config HTTP/1.1\r\n")
    assert stranger.fields() == {
        "Host": f"127.0.0.1:{stranger.port}",
        "Accept": "application/json",
        "User-Agent": "nofos-bridge",
        "Connection": "close",
    }


async def test_each_page_has_its_own_path() -> None:
    one = client()
    async with strange(GOOD) as stranger:
        for page in Page:
            await one.fetch(SEVEN, stranger.address, page)
    paths = [request.split()[1] for request in stranger.requests]
    assert paths == [b"/status", b"/config", b"/crashlog"]


async def test_the_connection_is_closed_though_the_server_would_keep_it() -> None:
    closed = asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}")
        assert await reader.read() == b""
        closed.set()

    one = client()
    async with strange(respond) as stranger:
        assert (await one.fetch(SEVEN, stranger.address, Page.STATUS)).outcome is PollOutcome.OK
        async with asyncio.timeout(5):
            await closed.wait()


async def test_cookies_are_not_brought_back() -> None:
    response_bytes = http("{}", "200 OK", "Set-Cookie: id=7; Path=/")
    one = client()
    async with strange(response_bytes) as stranger:
        await one.fetch(SEVEN, stranger.address, Page.STATUS)
        await one.fetch(SEVEN, stranger.address, Page.STATUS)
    assert [b"ookie" in request for request in stranger.requests] == [False, False]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    one = client()
    async with strange(GOOD) as stranger, strange(GOOD) as proxy:
        monkeypatch.setenv("http_proxy", str(proxy.address))
        monkeypatch.setenv("HTTP_PROXY", str(proxy.address))
        await one.fetch(SEVEN, stranger.address, Page.STATUS)
    assert (len(stranger.requests), len(proxy.requests)) == (1, 0)


async def test_credentials_go_out_with_the_first_request() -> None:
    keys = Keys(ChargerLogin("anna", "s3:crét"))
    one = client(keys=keys)
    async with strange(GOOD) as stranger:
        await one.fetch(SEVEN, stranger.address, Page.STATUS)
    assert stranger.fields()["Authorization"] == "Basic YW5uYTpzMzpjcsOpdA=="
    assert keys.asked == [(SEVEN, "127.0.0.1")]


async def test_one_request_to_a_charger_is_in_flight() -> None:
    one = client(timeout=0.5)
    async with strange(silent) as stranger:
        first = asyncio.create_task(one.fetch(SEVEN, stranger.address, Page.STATUS))
        await asyncio.sleep(0)
        assert (await one.fetch(SEVEN, stranger.address, Page.CONFIG)).outcome is PollOutcome.BUSY
        assert (await first).outcome is PollOutcome.TIMEOUT
        assert (
            await one.fetch(SEVEN, stranger.address, Page.CONFIG)
        ).outcome is PollOutcome.TIMEOUT
    assert len(stranger.requests) == 2


async def test_a_cancelled_request_leaves_no_trace() -> None:
    one = client()
    async with strange(silent) as stranger:
        task = asyncio.create_task(one.fetch(SEVEN, stranger.address, Page.STATUS))
        await eventually(lambda: stranger.requests)
        task.cancel()
        await asyncio.wait({task})
        await eventually(lambda: stranger.ended)
        again = asyncio.create_task(one.fetch(SEVEN, stranger.address, Page.STATUS))
        await eventually(lambda: len(stranger.requests) == 2)
        again.cancel()


@pytest.mark.parametrize("host", ["10.0.0.5", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_an_address_that_is_not_allowed_is_sent_nothing(host: str) -> None:
    one = client()
    address = Address(False, host, 80, ip_address(host))
    reply = await one.fetch(SEVEN, address, Page.STATUS)
    assert reply.outcome is PollOutcome.FORBIDDEN


async def test_a_name_is_connected_to_as_resolved() -> None:
    names = Names({"charger.local": ("127.9.8.7",)})
    one = client(names=names)
    async with strange(GOOD, host="127.9.8.7") as stranger:
        address = Address(False, "charger.local", stranger.port)
        assert (await one.fetch(SEVEN, address, Page.STATUS)).outcome is PollOutcome.OK
    assert names.asked == ["charger.local"]
    assert stranger.fields()["Host"] == f"charger.local:{stranger.port}"


async def test_one_bad_address_of_a_name_forbids_it() -> None:
    keys = Keys(ChargerLogin("anna", "secret"))
    names = Names({"charger.local": ("127.0.0.1", "169.254.169.254")})
    one = client(names=names, keys=keys)
    async with strange(GOOD) as stranger:
        address = Address(False, "charger.local", stranger.port)
        reply = await one.fetch(SEVEN, address, Page.STATUS)
    assert reply.refused is not None
    assert (reply.outcome, reply.refused.reason) == (PollOutcome.FORBIDDEN, AddressFault.METADATA)
    assert (stranger.requests, keys.asked) == ([], [])


async def test_the_next_address_of_a_name_is_tried() -> None:
    names = Names({"charger.local": ("127.0.0.9", "127.0.0.1")})
    one = client(names=names)
    async with strange(GOOD) as stranger:
        address = Address(False, "charger.local", stranger.port)
        assert (await one.fetch(SEVEN, address, Page.STATUS)).outcome is PollOutcome.OK


async def test_a_name_without_an_address_is_unresolved() -> None:
    one = client()
    reply = await one.fetch(SEVEN, Address(False, "nobody.local", 80), Page.STATUS)
    assert reply.outcome is PollOutcome.UNRESOLVED


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = tls_context(None)
    authority.configure_trust(context)
    return context


def certified(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("name", "requested", "outcome"),
    [
        ("127.0.0.1", "127.0.0.1", PollOutcome.OK),
        ("charger.local", "charger.local", PollOutcome.OK),
        ("charger.local", "charger.local.", PollOutcome.OK),
        ("other.local", "charger.local", PollOutcome.TLS),
        ("charger.local", "127.0.0.1", PollOutcome.TLS),
    ],
)
async def test_a_certificate_must_be_of_the_announced_host(
    authority: trustme.CA, name: str, requested: str, outcome: PollOutcome
) -> None:
    names = Names({"charger.local": ("127.0.0.1",), "charger.local.": ("127.0.0.1",)})
    ip = ip_address(requested) if requested[0].isdigit() else None
    one = client(names=names, tls=trusting(authority))
    async with strange(GOOD, tls=certified(authority, name)) as stranger:
        reply = await one.fetch(SEVEN, Address(True, requested, stranger.port, ip), Page.STATUS)
    assert reply.outcome is outcome


async def test_a_certificate_of_a_stranger_is_not_trusted(authority: trustme.CA) -> None:
    keys = Keys(ChargerLogin("anna", "secret"))
    one = client(keys=keys)
    async with strange(GOOD, tls=certified(authority, "127.0.0.1")) as stranger:
        address = Address(True, "127.0.0.1", stranger.port, ip_address("127.0.0.1"))
        assert (await one.fetch(SEVEN, address, Page.STATUS)).outcome is PollOutcome.TLS
    assert stranger.requests == []


async def test_a_server_without_tls_is_told_apart() -> None:
    one = client()
    async with strange(GOOD, wait=False) as stranger:
        address = Address(True, "127.0.0.1", stranger.port, ip_address("127.0.0.1"))
        assert (await one.fetch(SEVEN, address, Page.STATUS)).outcome is PollOutcome.TLS


async def test_nothing_of_what_was_said_or_sent_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = Keys(ChargerLogin("anna", "hunter2"))
    response_bytes = http('{"ssid":"depot-wifi"', "200 OK", 'Set-Cookie: ssid="depot-wifi\x01; ;;=')
    one = client(keys=keys)
    async with strange(response_bytes) as stranger:
        await one.fetch(SEVEN, stranger.address, Page.CONFIG)
    logged = caplog.text
    assert "depot-wifi" not in logged
    assert "hunter2" not in logged
    assert "YW5uYT" not in logged


@pytest.mark.parametrize(
    ("response_bytes", "unread"),
    [
        (http('{"state":3,"amp"'), Unread(Fault.TRUNCATED, 16, "amp")),
        (CUT, Unread(Fault.INCOMPLETE, 16)),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Unread(Fault.NOT_HTTP)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n{", Unread(Fault.TOO_LARGE)),
        (http("", "500 Oops"), None),
        (b"", None),
    ],
)
async def test_a_document_that_cannot_be_read_has_its_fault(
    response_bytes: bytes, unread: Unread | None
) -> None:
    reply = await answer_to(response_bytes)
    assert reply.unread == unread
