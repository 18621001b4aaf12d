"""An hour of a large fleet, filled into Prometheus by scrapes that carry stamps of the past."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bridge.core.fields.states import FAULTS

STEP = 30
STAMP = b"@"
SITES = 20
PORTIONS = 4
"""Targets, each with its part of the chargers: one scrape of all would take seconds."""

Rows = Callable[[int], Iterator[str]]
"""One charger's series; `@` is the scrape's stamp in seconds."""


def overview_rows(charger: int) -> Iterator[str]:
    """The families that the Fleet dashboard uses."""
    of = f'charger="{charger:012x}"'
    yield (
        f'evse_info{{{of},alias="Bay {charger}",site="site {charger % SITES}",version="2.4.1",'
        'firmware="7.1.3"} 1 @000'
    )
    values = {
        "up": "1", "announced": "1", "fault": "0", "state_code": str(1 + charger % 3),
        "last_message_timestamp_seconds": "@", "last_poll_timestamp_seconds": "@",
        "power_watts": str(charger % 11_000), "energy_joules_total": "@", "sessions_total": "7",
        # Every hundredth crashes, so that a ranking has whom to rank.
        "crashes_total": "1" if charger % 100 else "@", "wifi_rssi_dbm": str(-50 - charger % 40),
        "heap_largest_free_block_bytes": str(10_000 + charger),
    }  # fmt: skip
    for name, value in values.items():
        yield f"evse_{name}{{{of}}} {value} @000"
    for fault in FAULTS.values():
        yield f'evse_faults_total{{{of},fault="{fault}"}} 3 @000'


class Past:
    """Expositions whose stamps go on by 30 s with each scrape, up to now, and then with the clock.

    Each portion goes on by itself: its target is scraped by itself.
    """

    def __init__(self, chargers: int, seconds: int, rows: Rows = overview_rows) -> None:
        lines = [[row for charger in range(first, chargers, PORTIONS) for row in rows(charger)]
                 for first in range(PORTIONS)]  # fmt: skip
        self.series = sum(map(len, lines))
        self._texts = [("\n".join(each) + "\n").encode() for each in lines]
        self.end = int(time.time())
        self.start = self.end - seconds
        self._at = [self.start] * PORTIONS
        self._full = 0
        self.done = threading.Event()

    def scrape(self, portion: int) -> bytes:
        """The next moment; nothing where it lies ahead."""
        at = self._at[portion]
        if at > self.end:
            self._filled(portion)
            if time.time() < at:
                return b""
        self._at[portion] = at + STEP if at <= self.end else int(time.time()) + STEP
        stamp = at if at <= self.end else int(time.time())
        return self._texts[portion].replace(STAMP, str(stamp).encode())

    def _filled(self, portion: int) -> None:
        self._full |= 1 << portion
        if self._full == (1 << PORTIONS) - 1:
            self.done.set()


@contextlib.contextmanager
def serving(past: Past) -> Iterator[Sequence[str]]:
    """The targets: `host:port` of each portion."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_page(past, portion)) for portion in range(PORTIONS)]


@contextlib.contextmanager
def _page(past: Past, portion: int) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = past.scrape(portion)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
