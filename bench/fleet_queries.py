"""The Fleet dashboard's queries over 10,000 chargers: how long Prometheus takes for each.

An hour at 30 s is filled in by scrapes that carry stamps of the past, a second after each other.
"""

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.table import table
from bridge.core.states import FAULTS
from tests.dash_parts import Asked, boards, filled, queries
from tests.servers import Prometheus
from tests.servers.web import ask

STEP, GOAL_SECONDS, PATIENCE_SECONDS = 30, 2.0, 1200.0
STAMP = b"@"
SITES = 20


def rows(charger: int) -> Iterator[str]:
    """One charger's series of the families that the dashboard uses; `@` is the scrape's stamp."""
    of = f'charger="{charger:012x}"'
    yield (
        f'evse_info{{{of},alias="Bay {charger}",site="site {charger % SITES}",version="2.4.1",'
        'firmware="7.1.3"} 1 @000'
    )
    values = {
        "up": "1", "announced": "1", "fault": "0", "state_code": str(1 + charger % 3),
        "last_message_timestamp_seconds": "@", "last_poll_timestamp_seconds": "@",
        "power_watts": str(charger % 11_000), "energy_joules_total": "@", "sessions_total": "7",
        "crashes_total": "1", "wifi_rssi_dbm": str(-50 - charger % 40),
        "heap_largest_free_block_bytes": str(10_000 + charger),
    }  # fmt: skip
    for name, value in values.items():
        yield f"evse_{name}{{{of}}} {value} @000"
    for fault in FAULTS.values():
        yield f'evse_faults_total{{{of},fault="{fault}"}} 3 @000'


class Past:
    """An exposition whose stamps go on by 30 s with each scrape, up to now."""

    def __init__(self, chargers: int, seconds: int) -> None:
        lines = [row for charger in range(chargers) for row in rows(charger)]
        self.series = len(lines)
        self._text = ("\n".join(lines) + "\n").encode()
        self.end = int(time.time())
        self._at = self.end - seconds
        self.done = threading.Event()

    def scrape(self) -> bytes:
        """The next moment; nothing once the hour is full."""
        if self._at > self.end:
            self.done.set()
            return b""
        text = self._text.replace(STAMP, str(self._at).encode())
        self._at += STEP
        return text


@contextlib.contextmanager
def serving(past: Past) -> Iterator[int]:
    """The exposition on a loopback port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = past.scrape()
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
            yield server.server_address[1]
        finally:
            server.shutdown()


def _step(asked: Asked) -> str:
    """The least distance of points that the panel asks for."""
    return "300" if "[$__interval]" in asked.text else "60"


def timed(prometheus: Prometheus, asked: Asked, end: int) -> tuple[float, int]:
    """Seconds, and how many series came; none where the asker gave up after ten."""
    span = {"__range": "1h", "__interval": "300s", "__rate_interval": "2m", "site": ".*"}
    query = {"query": filled(asked.text, span), "timeout": "60s"}
    if asked.target["instant"]:
        path, span = "query", {"time": str(end)}
    else:
        path, span = (
            "query_range",
            {"start": str(end - 3600), "end": str(end), "step": _step(asked)},
        )
    began = time.monotonic()
    text = ""
    # It counts as what it took, and the others are still asked.
    with contextlib.suppress(TimeoutError):
        text = ask(f"{prometheus.url}/api/v1/{path}", query | span)
    return time.monotonic() - began, text.count('"metric"')


def measure(chargers: int, seconds: int, folder: Path) -> list[list[str]]:
    """A row for each query."""
    past = Past(chargers, seconds)
    with serving(past) as port, Prometheus(folder, targets=[f"127.0.0.1:{port}"],
                                           timeout="3s") as prometheus:  # fmt: skip
        if not past.done.wait(PATIENCE_SECONDS):
            raise RuntimeError(f"the past was not filled in: {prometheus.log[-500:]}")
        found = []
        for asked in queries(boards("prometheus")["nofos-fleet"]):
            took, series = timed(prometheus, asked, past.end)
            word = "yes" if took <= GOAL_SECONDS else "**no**"
            found.append([asked.name, f"{series:,}", f"{took:.2f} s", word])
        return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet_queries", description=__doc__)
    parser.add_argument("--chargers", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=3600, help="of the past")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nofos-bench-") as folder:
        found = measure(given.chargers, given.seconds, Path(folder))
    head = ["query", "series", "took", f"≤ {GOAL_SECONDS:g} s"]
    sys.stdout.write(table(head, found) + "\n")


if __name__ == "__main__":
    main()
