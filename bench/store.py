"""A store that acknowledges every write and counts what came, as a process of its own.

Started as `python -m bench.store [--probe PREFIX]`; says its port, then answers on
`/api/v2/write` with 204, on `/counts` with its counts, and on `/probes` with when each number
in `heap_free` of a charger with that prefix came.
"""

import argparse
import gzip
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GZIP = b"\x1f\x8b"


class Counts:
    """What was written so far; requests come one after the other."""

    def __init__(self, prefix: str = "") -> None:
        self.requests = self.lines = self.bytes = 0
        self.probes: list[tuple[str, int, float]] = []
        self._prefix = prefix.encode()
        self._probe = re.compile(
            rb"^evse,charger=(%s[^, ]*)[, ].*?\bheap_free=(\d+)i" % self._prefix, re.MULTILINE
        )

    def count(self, body: bytes) -> None:
        """Count a request; the time of a probe is that of its whole request's arrival."""
        now = time.monotonic()
        text = gzip.decompress(body) if body.startswith(GZIP) else body
        self.requests += 1
        self.bytes += len(body)
        self.lines += len(text.strip(b"\n").split(b"\n")) if text.strip(b"\n") else 0
        if self._prefix and self._prefix in text:
            self.probes += [
                (name.decode(), int(number), now) for name, number in self._probe.findall(text)
            ]

    def totals(self) -> dict[str, int]:
        return {"requests": self.requests, "lines": self.lines, "bytes": self.bytes}


class StoreRequest(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Two writes a reply, and Nagle waits for the acknowledgement of the first.
    disable_nagle_algorithm = True
    counts: Counts

    def do_POST(self) -> None:  # the base class names it
        self.counts.count(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:  # the base class names it
        counts = self.counts.probes if self.path == "/probes" else self.counts.totals()
        body = json.dumps(counts).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line a request is no news."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__)
    parser.add_argument("--probe", default="")
    StoreRequest.counts = Counts(parser.parse_args().probe)
    server = ThreadingHTTPServer(("127.0.0.1", 0), StoreRequest)
    server.daemon_threads = True
    sys.stdout.write(json.dumps({"port": server.server_address[1]}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
