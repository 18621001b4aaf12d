"""What a program says on `/metrics`, asked as Prometheus asks."""

import gzip
import http.client
import re
import time
from collections.abc import Callable

from bench.again import Again

PATIENCE_SECONDS = 30.0


def scrape(port: int, *, packed: bool = True, path: str = "/metrics") -> bytes:
    """The text; `packed` asks for gzip, as Prometheus does."""
    return unpacked(fetch(port, packed=packed, path=path))


def fetch(port: int, *, packed: bool, path: str = "/metrics") -> bytes:
    """The body as it came over the wire."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip" if packed else ""})
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != 200:
        raise RuntimeError(f"{path} answered {reply.status}")
    return body


def unpacked(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def series(text: bytes) -> int:
    """How many series a scrape holds."""
    return sum(1 for line in text.split(b"\n") if line and not line.startswith(b"#"))


def total(text: bytes, name: str) -> float:
    """The sum over all series of a name, whatever their labels; 0 for none."""
    found = re.findall(rb"^%s(?:\{[^\n]*\})? (\S+)" % name.encode(), text, re.MULTILINE)
    return sum(float(value) for value in found)


def one(text: bytes, line_start: str) -> float | None:
    """The value of the series that is written exactly so; None where it is absent."""
    found = re.search(rb"^%s (\S+)" % re.escape(line_start.encode()), text, re.MULTILINE)
    return float(found[1]) if found else None


class Scraper(Again):
    """Scrapes every few seconds in a thread, as long as the block, and keeps how long each took."""

    def __init__(self, take: Callable[[], bytes], *, every: float) -> None:
        self.took: list[float] = []
        self._take = take
        super().__init__(self._ask, every=every, name="scraper")

    def _ask(self) -> None:
        began = time.monotonic()
        self._take()
        self.took.append(time.monotonic() - began)
