"""A broker, the load, a store and one subject, connected and running."""

import http.client
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.broker import BenchBroker
from bench.child import Child
from bench.generator import SentCounts
from bench.scrape import Scraper, fetch, scrape
from bench.subjects import DataFolders, Subject
from bench.usage import Usage, usage
from tests.kit.servers.process import free_port

PATIENCE_SECONDS = 90.0
QUIET_SECONDS = 1.0
"""A count that stands this long is final."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Usage and metrics of one time."""

    used: Usage
    received: int
    metrics: bytes


@dataclass(slots=True)
class Rig:
    """The parts of a benchmark run."""

    subject: Subject
    child: Child
    port: int
    generator: Child
    broker: BenchBroker
    folder: Path
    chargers: int
    idle: Usage
    """Of the subject, before it received anything."""

    def moment(self) -> Sample:
        """Usage directly after a scrape, so that both ends of a window hold one alike."""
        metrics = scrape(self.port)
        return Sample(usage(self.child.pid), self.subject.count(metrics), metrics)

    def go(self, rate: float, seconds: float) -> None:
        """Begin the load; returns when the first message is about to go."""
        self.generator.ask(f"go {rate} {seconds}")

    def sent(self) -> SentCounts:
        """Wait for the load's end."""
        return _sent(self.generator.hear())

    def greet(self) -> None:
        """Publish one message of every charger until all are received."""
        wanted = self.chargers
        for _ in range(5):
            before = self.moment().received
            self.generator.ask("greet")
            if self.settled(before + wanted, 5.0).received - before == wanted:
                return
        raise RuntimeError(f"{self.subject.name} does not hear everyone:\n{self.child.log[-2000:]}")

    def settled(self, wanted: int, seconds: float = PATIENCE_SECONDS) -> Sample:
        """The sample once this many messages were received, or no more arrived for a while."""
        last, since = self.moment(), time.monotonic()
        deadline = since + seconds
        while last.received < wanted and time.monotonic() < deadline:
            time.sleep(0.1)
            now = self.moment()
            if now.received != last.received:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > max(QUIET_SECONDS, min(5.0, seconds / 4)):
                break
        return last

    def window(self, seconds: float, scrape_every: float) -> tuple[Sample, Sample]:
        """Both ends of a stretch of time, with scrapes in between; the last one closes it."""
        first = self.moment()
        with Scraper(lambda: fetch(self.port, packed=True), every=scrape_every):
            time.sleep(seconds - min(scrape_every, seconds) / 2)
        time.sleep(max(0.0, first.used.at + seconds - time.monotonic()))
        return first, self.moment()


@contextmanager
def rig(
    subject: Subject, *, chargers: int, probes: int = 0, store: str | None = None
) -> Iterator[Rig]:
    """Everything runs and the subject follows every charger; all ends with the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nofos-bench-")))
        broker = stack.enter_context(BenchBroker(folder))
        listen = free_port()
        child = stack.enter_context(subject.start(DataFolders(broker.port, listen, folder, store)))
        await_true(lambda: answers(listen), child)
        idle = usage(child.pid)
        load = ("generator", broker.port, "--chargers", chargers, "--probes", probes)
        generator = stack.enter_context(Child.module(*load, folder=folder))
        generator.hear()
        made = Rig(subject, child, listen, generator, broker, folder, chargers + probes, idle)
        await_true(lambda: knows_all(made), child)
        made.greet()
        yield made


def knows_all(made: Rig) -> bool:
    """Whether the bridge has every announcement; others subscribe to all topics at once."""
    if not made.subject.ours:
        return True
    return sum(chargers_by_state(made.moment().metrics).values()) >= made.chargers


def chargers_by_state(metrics: bytes) -> dict[str, int]:
    """How many chargers the bridge has in each state."""
    found = {}
    for line in metrics.split(b"\n"):
        if line.startswith(b"evse_bridge_chargers{"):
            name, _, value = line.decode().rpartition(" ")
            found[name.split('"')[1]] = int(float(value))
    return found


def answers(port: int) -> bool:
    """Whether the subject serves its metrics."""
    try:
        scrape(port)
    except (OSError, http.client.HTTPException):
        return False
    return True


def await_true(condition: Callable[[], bool], child: Child) -> None:
    """Wait for a condition; fails with the program's own words."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if not child.running or time.monotonic() > deadline:
            raise RuntimeError(f"it does not get ready:\n{child.log[-2000:]}")
        time.sleep(0.1)


def _sent(values: dict[str, object]) -> SentCounts:
    sent = SentCounts()
    for name, value in values.items():
        setattr(sent, name, value)
    return sent
