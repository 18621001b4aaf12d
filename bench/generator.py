"""The load: PUBLISH frames made beforehand, sent evenly over one socket, as a process of its own.

Started as `python -m bench.generator PORT --chargers N --probes M`. It announces the fleet,
then takes a command a line and answers each with lines of JSON:

    greet           one message of every charger
    go RATE SECONDS full documents, RATE messages a second
    quit
"""

import argparse
import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench import frames
from bench.chargers import FIELDS, BenchCharger, fleet

TICK_SECONDS = 0.005
MOST_TICKS_AT_ONCE = 4
"""A send that comes late is made up for in small bursts too."""
GREETINGS_PER_SECOND = 4000
PROBE_EVERY_SECONDS = 0.5
KEEPALIVE_SECONDS = 600
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class SentCounts:
    """What went out, and when by the clock that all processes share (CLOCK_MONOTONIC)."""

    messages: int = 0
    bytes: int = 0
    began: float = 0.0
    ended: float = 0.0
    latest: float = 0.0
    """How far behind its time the latest document was."""
    probes: list[tuple[str, int, float]] = field(default_factory=list)
    """Charger, number and time of every probe."""

    def json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True)
class Document:
    """One document, ready to go; `probe` is the charger and number it carries."""

    data: bytes
    probe: tuple[str, int] | None = None


class Generator:
    """Owns the connection and the fleet."""

    def __init__(self, port: int, *, chargers: int, probes: int) -> None:
        self._chargers = fleet(chargers)
        self._probes = fleet(probes, label="probe")
        self._number = 0
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(frames.connect("bench-generator", KEEPALIVE_SECONDS))
        self._expect(frames.CONNACK_BYTES)

    def announce(self) -> None:
        """Returns when the broker has every announcement."""
        for charger in self._every:
            self._socket.sendall(charger.announcement())
        self._settle()

    def greet(self) -> SentCounts:
        """One message of each charger, slowly enough for any listener."""
        documents = [Document(charger.greeting()) for charger in self._every]
        return self._pace(documents, each=1, rate=GREETINGS_PER_SECOND)

    def prepare(self, rate: float, seconds: float) -> list[Document]:
        """All documents of a run, charger after charger, with the probes strewn in."""
        count = max(1, round(rate * seconds / len(FIELDS)))
        return list(self._breaths(count, rate / len(FIELDS)))

    def run(self, documents: list[Document], rate: float) -> SentCounts:
        """Send them; returns when the broker has read all."""
        return self._pace(documents, each=len(FIELDS), rate=rate)

    def close(self) -> None:
        self._socket.close()

    @property
    def _every(self) -> list[BenchCharger]:
        return [*self._chargers, *self._probes]

    def _breaths(self, count: int, per_second: float) -> Iterator[Document]:
        gap = PROBE_EVERY_SECONDS * per_second / max(1, len(self._probes))
        due = 0.0 if self._probes else float("inf")
        for index in range(count):
            if index >= due:
                due += max(1.0, gap)
                yield self._probe()
            else:
                yield Document(self._chargers[index % len(self._chargers)].frames())

    def _probe(self) -> Document:
        self._number += 1
        charger = self._probes[self._number % len(self._probes)]
        return Document(charger.frames(self._number), (charger.name, self._number))

    def _pace(self, documents: list[Document], *, each: int, rate: float) -> SentCounts:
        sent = SentCounts(began=time.monotonic())
        per_second = rate / each
        most = max(1, int(per_second * TICK_SECONDS * MOST_TICKS_AT_ONCE))
        done = 0
        while done < len(documents):
            now = time.monotonic()
            due = min(len(documents), int((now - sent.began) * per_second) + 1)
            if due <= done:
                time.sleep(TICK_SECONDS)
                continue
            sent.latest = max(sent.latest, now - sent.began - done / per_second)
            done = self._burst(documents, done, min(due, done + most), sent)
        self._settle()
        sent.messages, sent.ended = done * each, time.monotonic()
        return sent

    def _burst(self, documents: list[Document], first: int, end: int, sent: SentCounts) -> int:
        burst = documents[first:end]
        data = b"".join([document.data for document in burst])
        at = time.monotonic()
        self._socket.sendall(data)
        sent.bytes += len(data)
        sent.probes += [(*document.probe, at) for document in burst if document.probe]
        return end

    def _settle(self) -> None:
        """The broker answers a ping after all that came before it."""
        self._socket.sendall(frames.PINGREQ)
        self._expect(len(frames.PINGRESP))

    def _expect(self, count: int) -> None:
        while count:
            got = self._socket.recv(count)
            if not got:
                raise ConnectionError("the broker ended the connection")
            count -= len(got)


def write_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def serve(generator: Generator) -> None:
    """Commands from standard input until `quit` or its end."""
    for line in sys.stdin:
        match line.split():
            case ["greet"]:
                write_line(generator.greet().json())
            case ["go", rate, seconds]:
                documents = generator.prepare(float(rate), float(seconds))
                write_line(json.dumps({"ready": len(documents)}))
                write_line(generator.run(documents, float(rate)).json())
            case _:
                return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.generator", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--chargers", type=int, default=1000)
    parser.add_argument("--probes", type=int, default=0)
    given = parser.parse_args()
    generator = Generator(given.port, chargers=given.chargers, probes=given.probes)
    generator.announce()
    write_line(json.dumps({"announced": given.chargers + given.probes}))
    serve(generator)
    generator.close()


if __name__ == "__main__":
    main()
