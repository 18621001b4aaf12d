"""Chargers' web servers, each on a loopback address of its own, as one process.

Started as `python -m bench.webs PORT --chargers N`. It keeps when each was asked for `/status`,
by the clock that all processes share (CLOCK_MONOTONIC), and takes a command a line:

    fewest   how often the charger was asked that was asked least
    times    all of these times, by charger
"""

import argparse
import contextlib
import json
import resource
import select
import socket
import sys
import time

from bench.device import NOT_FOUND, BenchDevice

PER_NETWORK = 250
SPARE_FILES = 2000
"""Connections at once, and what the interpreter has open."""
_MOST_REQUEST = 4096


def address(number: int) -> str:
    """127.1.0.1 to 127.1.0.250, then 127.1.1.1, and so on."""
    network, host = divmod(number, PER_NETWORK)
    return f"127.1.{network}.{host + 1}"


class Webs:
    """All listeners and connections in one epoll."""

    def __init__(self, port: int, count: int) -> None:
        _allow_files(count + SPARE_FILES)
        self.times: list[list[float]] = [[] for _ in range(count)]
        self._devices = [BenchDevice(number, address(number)) for number in range(count)]
        self._poll = select.epoll()
        self._listeners: dict[int, tuple[int, socket.socket]] = {}
        self._asking: dict[int, tuple[int, socket.socket]] = {}
        for number in range(count):
            listener = socket.create_server((address(number), port), backlog=8)
            listener.setblocking(False)
            self._listeners[listener.fileno()] = number, listener
            self._poll.register(listener.fileno(), select.EPOLLIN)

    def serve(self) -> None:
        """Until standard input ends."""
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._listeners:
                    self._accept(*self._listeners[descriptor])
                elif descriptor in self._asking:
                    self._answer(descriptor, *self._asking[descriptor])
                elif not self._obey(sys.stdin.readline().strip()):
                    return

    def _accept(self, number: int, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            sock, _ = listener.accept()
            sock.setblocking(False)
            self._asking[sock.fileno()] = number, sock
            self._poll.register(sock.fileno(), select.EPOLLIN)

    def _answer(self, descriptor: int, number: int, sock: socket.socket) -> None:
        """A request is short: it comes in one piece, and so goes the answer."""
        with contextlib.suppress(OSError):
            if sock.recv(_MOST_REQUEST).startswith(b"GET /status "):
                self.times[number].append(round(time.monotonic(), 4))
                sock.send(self._devices[number].answer())
            else:
                sock.send(NOT_FOUND)
        del self._asking[descriptor]
        self._poll.unregister(descriptor)
        sock.close()

    def _obey(self, command: str) -> bool:
        match command:
            case "fewest":
                write_json({"fewest": min(map(len, self.times))})
            case "times":
                write_json({"times": self.times})
            case _:
                return False
        return True


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


def write_json(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webs", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--chargers", type=int, default=1000)
    given = parser.parse_args()
    webs = Webs(given.port, given.chargers)
    write_json({"listening": given.chargers})
    webs.serve()


if __name__ == "__main__":
    main()
