"""What answers in a store's place costs 64 KB, no thread and no secret."""

import asyncio
import contextlib
import gzip
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bridge.core.errors import SinkBusy, SinkDenied, SinkTrouble
from bridge.sinks.influx.bounded import MOST_BYTES
from tests.kit.support import eventually
from tests.sinks.influx.test_client import GOOD, TOKEN, writer

Answer = Callable[[], AsyncIterator[bytes]]
OK = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def in_its_place(answer: Answer) -> AsyncIterator[tuple[str, list[int]]]:
    """Somebody who answers each request so; its address, and how many bytes it sent to each."""
    sent = list[int]()

    async def serve(reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        sent.append(0)
        number = len(sent) - 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            async for data in answer():
                out.write(data)
                await out.drain()
                sent[number] += len(data)
        out.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        yield f"http://{host}:{port}", sent


async def refused(answer: Answer, token: str = TOKEN) -> SinkTrouble:
    async with in_its_place(answer) as (url, _), writer(url, token) as influx:
        with pytest.raises(SinkTrouble) as caught:
            await influx.write([GOOD])
    return caught.value


def writing_threads() -> int:
    return sum(each.name == "influx" for each in threading.enumerate())


async def test_an_endless_reply_is_read_for_64_kilobytes() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 500 Oops\r\n\r\n"
        while True:
            yield b"x" * 65_536

    async with in_its_place(endless) as (url, sent), writer(url) as influx:
        for _ in range(3):
            with pytest.raises(SinkBusy):
                await influx.write([GOOD])
        await eventually(lambda: writing_threads() == 0)
    # What the kernel's buffers took is the rest.
    assert max(sent) < MOST_BYTES + 16 * 2**20


@pytest.mark.parametrize("part", ["head", "body"])
async def test_a_reply_that_comes_byte_by_byte_leaves_no_thread(part: str) -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield OK if part == "head" else OK + b"\r\n"
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    async with in_its_place(drip) as (url, _), writer(url, timeout_seconds=0.2) as influx:
        for _ in range(2):
            with pytest.raises(SinkBusy):
                await influx.write([GOOD])
        await eventually(lambda: writing_threads() == 0)


async def test_a_packed_reply_is_never_unpacked() -> None:
    bomb = gzip.compress(b"<html>" + bytes(50 * 2**20))

    async def packed() -> AsyncIterator[bytes]:
        head = f"HTTP/1.1 401 No\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        yield head.encode() + bomb

    error = await refused(packed)
    assert isinstance(error, SinkDenied)
    assert str(error) == "HTTP 401: No"


async def test_a_reply_that_was_cut_in_a_character_is_still_judged() -> None:
    body = "é".encode() * MOST_BYTES

    async def long() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\nx" % (len(body) + 1) + body

    assert isinstance(await refused(long), SinkDenied)


@pytest.mark.parametrize("token", [TOKEN, "it's\\mine", 'a"b', "two words"])
@pytest.mark.parametrize(
    "reply",
    [
        "HTTP/1.1 500 {}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\n{}",
        "{} \r\n\r\n",
        "HTTP/1.1 {} x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
        "HTTP/1.1 503 x\r\nRetry-After: {}\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_no_part_of_a_reply_brings_the_token_into_the_log(reply: str, token: str) -> None:
    async def echo() -> AsyncIterator[bytes]:
        yield reply.replace("{}", token).replace("Length: 2", f"Length: {len(token)}").encode()

    async with in_its_place(echo) as (url, _), writer(url, token) as influx:
        try:
            await influx.write([GOOD])
        except SinkTrouble as error:
            text = str(error)
            assert token not in text
            assert token not in text.replace("\\\\", "\\").replace("\\'", "'").replace('\\"', '"')
