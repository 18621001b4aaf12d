"""Scrapers: one at a time in a test, or many at once in a process of their own.

`python -m tests.kit.crowd URL COUNT` prints how many chargers each of them saw. Unpacking
and reading through so much text would hold up the event loop of a test that measures delays
meanwhile.
"""

import asyncio
import contextlib
import gzip
import json
import sys

AT_MOST_SECONDS = 60.0


async def scrape(url: str, *, packed: bool = False) -> bytes:
    """The text of a scrape over a connection of its own."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
    writer.write(request(packed=packed))
    with contextlib.closing(writer):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        size = next(row for row in head.lower().split(b"\r\n") if b"content-length:" in row)
        body = await reader.readexactly(int(size.split(b":")[1]))
    return gzip.decompress(body) if packed else body


def request(*, packed: bool = False) -> bytes:
    accepts = "Accept-Encoding: gzip\r\n" if packed else ""
    return f"GET /metrics HTTP/1.1\r\nHost: bridge\r\n{accepts}Connection: close\r\n\r\n".encode()


def chargers(text: bytes) -> int:
    """How many chargers a scrape shows."""
    return text.count(b"\nevse_pilot_amperes{")


async def crowd(url: str, count: int) -> list[int]:
    """What so many scrapers see that begin together, every other one packed."""

    async def one(number: int) -> int:
        return chargers(await scrape(url, packed=number % 2 == 0))

    async with asyncio.timeout(AT_MOST_SECONDS):
        return await asyncio.gather(*map(one, range(count)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(crowd(sys.argv[1], int(sys.argv[2])))))
