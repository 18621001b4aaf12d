"""Three shards share a fleet; one is killed for a while, and started again with its volume.

The simulator runs at four times speed. At a higher one, more would be charged while nobody listens
than a real charger can deliver, and the bridge would doubt it.
"""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.child import Child
from bridge.core.discovery.shard import shard_of
from bridge.core.model import ChargerId
from tests.kit.lives import Life, Line, copied, journal_lines
from tests.kit.servers import Mosquitto, VictoriaMetrics, free_port
from tests.kit.support import eventually

SHARDS, VICTIM = 3, 1
CHARGERS = 60
SPEED = 4
GAP_SECONDS = 18.0
SCALED = {
    "FLEET__SILENT_AFTER": "19s", "FLEET__STALE_AFTER": "30s", "HTTP__FALLBACK_EVERY": "1500ms",
    "HTTP__ENRICH_EVERY": "15s", "HTTP__MIN_GAP": "750ms", "HTTP__TIMEOUT": "2s",
}  # fmt: skip
PENDING = 'evse_bridge_points_pending{store="main"}'
DOCUMENT_WH = 130.0
"""What the strongest charger, 22 kW, charges in 21 s: less than from one document to the next."""


@dataclass
class Truth:
    """A charger's meter as it really was, and the totals that it said over MQTT."""

    meter: list[tuple[float, float]] = field(default_factory=list)
    said: list[float] = field(default_factory=list)

    def at(self, moment: float) -> float:
        """The meter as it was read last before."""
        return [wh for at, wh in self.meter if at <= moment][-1]

    def after(self, moment: float) -> float:
        """The meter as it was read next."""
        return next(wh for at, wh in self.meter if at > moment)

    def charged(self, since: float, until: float) -> float:
        """Wh between two moments."""
        values = [wh for at, wh in self.meter if since <= at <= until]
        return values[-1] - values[0] if values else 0.0


def truths(ledger: Path) -> Mapping[str, Truth]:
    found: dict[str, Truth] = defaultdict(Truth)
    text = ledger.read_text(encoding="utf-8")
    for row in map(json.loads, text.splitlines()[: text.count("\n")]):
        truth = found[row["charger"]]
        match row:
            case {"truth": {"event": "meter", "wh": wh}}:
                truth.meter.append((row["time"], wh))
            case {"topic": topic, "payload": payload} if topic.endswith("/wh"):
                truth.said.append(float(payload))
    return found


@dataclass
class Depot:
    """Everything that runs; `shards` by index."""

    folder: Path
    broker: Mosquitto
    store: VictoriaMetrics
    web: int
    stack: ExitStack
    shards: dict[int, Life] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    def simulate(self) -> Child:
        options = {
            "--broker": self.broker.url, "--chargers": CHARGERS, "--speed": SPEED,
            "--http-port": self.web, "--ledger": self.ledger,
        }  # fmt: skip
        words = [str(word) for pair in options.items() for word in pair]
        command = [sys.executable, "-m", "bridge", "simulate", *words]
        return self.stack.enter_context(Child(command, log=self.folder / "simulator.log"))

    def start(self, index: int) -> Life:
        life = Life(
            self.folder / f"shard-{index}", self.broker.url, INFLUX__URL=self.store.url,
            INFLUX__BUCKET="evse", SHARD__COUNT=str(SHARDS), SHARD__INDEX=str(index),
            HTTP__ENABLED="true", HTTP__ALLOW="127.0.0.0/8", HTTP__PORTS=str(self.web), **SCALED,
        )  # fmt: skip
        self.shards[index] = self.stack.enter_context(life)
        return life

    def data(self, index: int) -> Path:
        return self.folder / f"shard-{index}" / "data"

    def energies(self, index: int) -> dict[str, float]:
        """Wh of each charger, by this shard."""
        prefix = 'evse_energy_joules_total{charger="'
        return {
            name.removeprefix(prefix)[:-2]: joules / 3600
            for name, joules in self.shards[index].metrics().items()
            if name.startswith(prefix)
        }

    async def hear_all(self) -> None:
        """Until each charger is up at one shard, and its energy and a poll were heard."""

        def all_there() -> bool:
            metrics = [life.metrics() for life in self.shards.values()]
            up = sum(n for each in metrics for name, n in each.items() if name[:8] == "evse_up{")
            polled = [each['evse_bridge_polls_total{outcome="ok"}'] for each in metrics]
            known = sum(len(self.energies(index)) for index in self.shards)
            return up == known == CHARGERS and all(polled)

        for life in self.shards.values():
            await eventually(life.started, 30)
        await eventually(all_there, 60, every=0.3)

    async def drain(self) -> None:
        """End the shards in good order."""
        for life in self.shards.values():
            life.process.send_signal(signal.SIGTERM)
        for life in self.shards.values():
            assert await asyncio.to_thread(life.process.wait, 40) == 0

    def stamps(self) -> Mapping[str, list[int]]:
        """When the store has a total of each charger, in Unix milliseconds."""
        found = self.store.export("evse_energy_total")
        return {series.labels["charger"]: series.timestamps for series in found}


@pytest.fixture
def depot(mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path) -> Iterator[Depot]:
    with ExitStack() as stack:
        yield Depot(tmp_path, mosquitto, victoria, free_port(), stack)


@pytest.mark.timeout(240)
async def test_a_killed_shard_loses_its_gap_alone_and_no_energy(depot: Depot) -> None:
    simulator = depot.simulate()
    for index in range(SHARDS):
        depot.start(index)
    await depot.hear_all()
    killed = await kill_with_a_backlog(depot)
    owed = journaled(depot, VICTIM)
    await eventually(lambda: time.time() >= killed + GAP_SECONDS, 2 * GAP_SECONDS, every=0.5)
    assert missing(depot, owed)

    restarted = time.time()
    depot.start(VICTIM)
    await depot.hear_all()
    assert simulator.end() == 0
    truth = truths(depot.ledger)
    await eventually(lambda: has_all(depot, truth), 30, every=0.2)
    told = {index: depot.energies(index) for index in depot.shards}
    await depot.drain()

    await assert_stored_once(depot)
    assert_the_gap_is_the_victims_alone(depot, killed, restarted)
    assert missing(depot, owed) == []
    assert_energy_is_right(truth, told, killed, restarted)


async def kill_with_a_backlog(depot: Depot) -> float:
    """Kill the victim while the store owes it an answer; returns when."""
    victim = depot.shards.pop(VICTIM)
    depot.store.pause()
    try:
        await eventually(lambda: victim.metrics()[PENDING] >= CHARGERS, 90, every=0.2)
        return victim.kill()
    finally:
        depot.store.resume()


def journaled(depot: Depot, index: int) -> list[Line]:
    with copied(depot.data(index), depot.folder / "look") as files:
        return journal_lines(files)


def missing(depot: Depot, lines: list[Line]) -> list[Line]:
    """Those of the points with a total that the store has not."""
    stamps = depot.stamps()
    return [
        line
        for line in lines
        if "energy_total" in line.fields and line.stamp not in stamps.get(line.charger, [])
    ]


Stored = tuple[tuple[str, str, int], float]
"""Charger, column and stamp, and the value."""


async def assert_stored_once(depot: Depot) -> None:
    """The store has exactly the points of the three journals; it rounds the seventh digit."""
    kept = sorted(value for n in range(SHARDS) for value in values_of(journaled(depot, n)))
    # What it took a moment ago it shows a little later.
    with contextlib.suppress(AssertionError):
        await eventually(lambda: len(stored_values(depot, kept)) >= len(kept), every=0.5)
    stored = sorted(stored_values(depot, kept))
    assert [point for point, _ in stored] == [point for point, _ in kept]
    assert dict(stored) == pytest.approx(dict(kept), rel=1e-6)


def values_of(lines: list[Line]) -> list[Stored]:
    return [
        ((line.charger, f"evse_{column}", line.stamp), float(text.rstrip("i")))
        for line in lines
        for column, text in line.fields.items()
        if line.measurement == "evse"
    ]


def stored_values(depot: Depot, like: list[Stored]) -> list[Stored]:
    """What the store has in the same columns."""
    columns = {name for (_, name, _), _ in like}
    return [
        ((series.labels["charger"], series.name, stamp), value)
        for series in depot.store.export('{charger!=""}')
        for stamp, value in zip(series.timestamps, series.values, strict=True)
        if series.name in columns
    ]


def assert_the_gap_is_the_victims_alone(depot: Depot, killed: float, restarted: float) -> None:
    """No point of its chargers from the kill to the start; of the others, one every 7.5 to 15 s."""
    for charger, stamps in depot.stamps().items():
        between = [at for at in stamps if killed * 1000 < at < restarted * 1000]
        if shard_of(ChargerId(charger), SHARDS) == VICTIM:
            assert between == [], charger
        else:
            assert between, charger


def has_all(depot: Depot, truth: Mapping[str, Truth]) -> bool:
    """Whether all that was said last is heard, and stored."""
    told = {charger: wh for n in depot.shards for charger, wh in depot.energies(n).items()}
    pending = sum(life.metrics()[PENDING] for life in depot.shards.values())
    return pending == 0 and all(
        told.get(charger, 0) >= each.said[-1] - 1 for charger, each in truth.items()
    )


def assert_energy_is_right(
    truth: Mapping[str, Truth],
    told: Mapping[int, Mapping[str, float]],
    killed: float,
    restarted: float,
) -> None:
    """Each total is the charger's own, also of what was charged while nobody listened."""
    in_the_gap = []
    for charger, each in truth.items():
        shard = shard_of(ChargerId(charger), SHARDS)
        assert [n for n, totals in told.items() if charger in totals] == [shard]
        total = told[shard][charger]
        assert each.said[-1] - 1 <= total <= each.meter[-1][1] + DOCUMENT_WH
        if shard == VICTIM:
            in_the_gap.append(each.charged(killed, restarted))
    assert max(in_the_gap) > DOCUMENT_WH
