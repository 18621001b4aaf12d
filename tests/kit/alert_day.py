"""A day of a healthy fleet on a turned clock, as Prometheus would have scraped it.

Simulated chargers speak and are polled; the lines are those of the bridge's own exposition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import generate_latest

from bridge.app.gauges import free_bytes, register_gauges
from bridge.core.labels import Labels
from bridge.core.model import ChargerId
from bridge.core.output.batch import Backlog
from bridge.core.polling.document import read_document
from bridge.core.polling.lanes import Lane
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollRequest
from bridge.monitoring.stats import MAIN, Stats
from bridge.sim.device import SimDevice
from bridge.sim.documents import Members, limits, nofos
from bridge.sim.documents import SimDialect as Speech
from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.fleet import device
from bridge.sim.options import SimOptions
from bridge.sim.scenarios import scenario_named
from bridge.sim.status import status_document
from bridge.sim.wire import document, payload
from tests.kit.core import EPOCH, Bench, restarted
from tests.kit.desk import Desk

CHARGERS = 5
PERIOD = 30
POLLED_EVERY = 300
LABELS = {f"c{n}": Labels(alias=f"Gate {n}", site="Depot") for n in range(CHARGERS)}


class Ledger:
    """A journal of a constant size, whose store has everything."""

    used_bytes = 5_000_000

    def backlog(self, _store: str) -> Backlog:
        return Backlog()


@dataclass
class Hearing:
    """A connection to the broker that holds."""

    connected: bool = True
    connections: int = 1
    last_packet_unix: float = EPOCH
    failures: dict[str, int] = field(default_factory=dict)


class Replica:
    """One bridge that hears all chargers; `scrape` is what it shows."""

    def __init__(self, bench: Bench, folder: Path, *, retained: bool) -> None:
        self.bench = bench
        self._desk = Desk(bench)
        self._stats = Stats(version="1", stores=(MAIN,))
        self._stats.accounts = bench.accounts
        register_gauges(
            self._stats, connection=Hearing(), ready=lambda: True, polling=self._desk.polling,
            queries=None,
            registry=bench.registry, journal=Ledger(), stores=(MAIN,), out=bench.out,
            limit=10_000_000_000, disk_free=lambda: free_bytes(folder), shards=1, expiries=dict,
            dropped={}, web_refused=lambda: 0,
        )  # fmt: skip
        for number in range(CHARGERS):
            bench.announce(
                f"c{number}", f"charger/{number}", topic=f"openevse/announce/{number}",
                name=f"nofos-c{number}", retained=retained,
            )  # fmt: skip

    def hear(self, number: int, members: Members) -> None:
        """Messages of a charger, as they come in."""
        self.bench.hear(*((f"charger/{number}/{key}", payload(value)) for key, value in members))

    def poll(self, number: int, one: SimDevice, at: float) -> None:
        """Ask a charger for its /status."""
        told = status_document(
            one, Speech.NOFOS, at=at, unix=self.bench.wall, address="10.0.0.7", online=True
        )
        found = read_document(document(told).encode(), Page.STATUS)
        assert isinstance(found, dict)
        ask = PollRequest(ChargerId(f"c{number}"), Page.STATUS, Lane.PROVEN, self.bench.steady)
        self._desk.polling.poll_ended(ask, PollReply(PollOutcome.OK, 0.1, found), self.bench.now)

    def wait_until(self, wall: float) -> None:
        """Let time pass, and the store take what there is."""
        self.bench.wait(wall - self.bench.wall)
        out = self.bench.out
        points, kept = len(out.lines), sum(out.readings)
        out.lines.clear()
        out.readings.clear()
        out.readings_held -= kept
        self._stats.request(MAIN, "stored", 0.01)
        self._stats.stored(MAIN, points, kept, self.bench.wall)
        self._stats.loop_lag.observe(0.003)

    def scrape(self, instance: str) -> dict[str, str]:
        """All series with their labels as Prometheus stores them."""
        own = generate_latest(self._stats.registry).decode()
        rows = [f"{name} {value}" for name, value in self.bench.metrics().items()]
        rows += [row for row in own.splitlines() if not row.startswith("#")]
        pairs = (row.rsplit(" ", 1) for row in rows)
        return {_from(name, instance): value for name, value in pairs}


def _from(name: str, instance: str) -> str:
    bare, _, labels = name.rstrip("}").partition("{")
    whole = ",".join(filter(None, [labels, f'job="nofos-bridge",instance="{instance}"']))
    return f"{bare}{{{whole}}}"


class Day:
    """The devices, the replicas that watch them, and the scrapes minute by minute."""

    def __init__(self, folder: Path) -> None:
        asked = SimOptions(broker="mqtt://localhost", chargers=CHARGERS)
        calm = scenario_named("calm")
        self._devices = [device(asked, calm, number) for number in range(CHARGERS)]
        self._folder = folder
        self._at = 0
        self.scrapes: list[dict[str, str]] = []
        self.replicas = {"bridge-0": Replica(Bench(labels=LABELS), folder, retained=False)}

    def live(self, minutes: int) -> None:
        """All is well."""
        for _ in range(minutes):
            for _ in range(60 // PERIOD):
                self._period()
            shown: dict[str, str] = {}
            for name, one in self.replicas.items():
                shown |= one.scrape(name) | {_from("up", name): "1"}
            self.scrapes.append(shown)

    def restart(self, name: str, as_: str) -> None:
        """A replica drains, and another goes on with its folder; a scrape fails meanwhile."""
        old = self.replicas.pop(name)
        self._at += 60
        self.scrapes.append({_from("up", name): "0"})
        self._begin(old, as_, after=60)

    def join(self, beside: str, name: str) -> None:
        """A replica comes up beside another, and both show the same chargers."""
        self._begin(self.replicas[beside], name, after=0)

    def leave(self, name: str) -> None:
        """A replica is gone, and its target with it."""
        del self.replicas[name]

    def _begin(self, old: Replica, name: str, *, after: float) -> None:
        bench = restarted(old.bench, after=after, labels=LABELS)
        self.replicas[name] = Replica(bench, self._folder, retained=True)

    def _period(self) -> None:
        for number, one in enumerate(self._devices):
            happened = one.life.advance(self._at)
            for replica in self.replicas.values():
                for each in happened:
                    replica.hear(number, _told(each))
                replica.hear(number, nofos(one.view(self._at)))
                if self._at % POLLED_EVERY == 0:
                    replica.poll(number, one, self._at)
        self._at += PERIOD
        for replica in self.replicas.values():
            replica.wait_until(EPOCH + self._at)


def _told(one: SimEvent) -> Members:
    match one.kind:
        case SimEventKind.STATE:
            return [("state", one.values["code"])]
        case SimEventKind.LIMITS:
            return limits(int(one.values["pilot"]))
        case _:
            return []


def promtool_series(scrapes: list[dict[str, str]], wanted: frozenset[str]) -> list[dict[str, str]]:
    """The scrapes as promtool takes them; a series that is gone is stale, as after a scrape."""
    names = dict.fromkeys(name for shown in scrapes for name in shown)
    return [
        {"series": name, "values": _values(name, scrapes)}
        for name in names
        if name.partition("{")[0] in wanted
    ]


def _values(name: str, scrapes: list[Mapping[str, str]] | list[dict[str, str]]) -> str:
    values, there = [], False
    for shown in scrapes:
        value = shown.get(name)
        values.append(value or ("stale" if there else "_"))
        there = value is not None
    return " ".join(values)
