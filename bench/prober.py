"""The event loop seen from outside: `/livez` every few milliseconds, as a process of its own.

Started as `python -m bench.prober PORT`; says what it saw when its standard input ends or says
anything. It also tells how late its own timer came: where that is as bad, the machine was
busy, not the loop.
"""

import argparse
import json
import select
import socket
import sys
import time

EVERY_SECONDS = 0.005
PATIENCE_SECONDS = 20.0
QUESTION = b"GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n"


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def replied(sock: socket.socket) -> None:
    """Read one whole reply; its body is short and comes with the headers' length."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += received(sock)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += received(sock)


def received(sock: socket.socket) -> bytes:
    data = sock.recv(4096)
    if not data:
        raise ConnectionError("the bridge ended the connection")
    return data


def watch(port: int) -> tuple[list[float], list[float]]:
    """Seconds that each reply took, and how late each question was asked."""
    took: list[float] = []
    late: list[float] = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic() + EVERY_SECONDS
        while not told_to_stop(due - time.monotonic()):
            asked = time.monotonic()
            sock.sendall(QUESTION)
            replied(sock)
            now = time.monotonic()
            took.append(now - asked)
            late.append(asked - due)
            due = now + EVERY_SECONDS
    return took, late


def told_to_stop(seconds: float) -> bool:
    return bool(select.select([sys.stdin], [], [], max(0.0, seconds))[0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.prober", description=__doc__)
    parser.add_argument("port", type=int)
    took, late = watch(parser.parse_args().port)
    result = {
        "replies": len(took),
        "worst": max(took, default=0.0),
        "p999": quantile(took, 0.999),
        "median": quantile(took, 0.5),
        "timer_worst": max(late, default=0.0),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
