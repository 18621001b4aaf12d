"""How long a message takes until it shows on `/metrics`, and until it is a stored point.

Probe chargers among the others publish a number that rises with every document as free heap.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.again import Again
from bench.child import Child
from bench.plan import BenchPlan
from bench.prober import quantile
from bench.rig import rig
from bench.scrape import fetch, scrape
from bench.subjects import BRIDGE
from tests.kit.servers import VictoriaMetrics
from tests.kit.servers.web import ask

PREFIX = "probe-"
POLL_SECONDS = 0.1
STORE_POLL_SECONDS = 0.2
PATIENCE_SECONDS = 15.0
HEAP = re.compile(rb'^evse_heap_free_bytes\{charger="(probe-\d+)"\} (\S+)', re.MULTILINE)
Probe = tuple[str, int, float]
"""Charger, number, and when it was sent or observed."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds from the sending of a message to its being there."""

    count: int
    median: float
    p99: float
    worst: float
    lost: int
    """Probes that were never there."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Until shown, until the store was handed it, until the store gives it back."""

    shown: Delay
    handed: Delay
    stored: Delay


def delays(sent: Iterable[Probe], observed: Iterable[Probe]) -> Delay:
    """A probe is there with the first sight of its number or, of its charger, a later one."""
    sights: dict[str, list[tuple[float, int]]] = {}
    for name, number, at in observed:
        sights.setdefault(name, []).append((at, number))
    for each in sights.values():
        each.sort()
    found, lost = [], 0
    for name, number, at in sent:
        there = next((when for when, seen in sights.get(name, []) if seen >= number), None)
        if there is None:
            lost += 1
        else:
            found.append(there - at)
    return Delay(
        len(found), quantile(found, 0.5), quantile(found, 0.99), max(found, default=0.0), lost
    )


class Watch(Again):
    """Asks again and again in a thread, as long as the block; keeps what it saw, and when."""

    def __init__(self, look: Callable[[], Sequence[tuple[str, int]]], *, every: float) -> None:
        self.seen: list[Probe] = []
        self._look = look
        super().__init__(self._note, every=every, name="watch")

    def await_all(self, sent: Sequence[Probe]) -> None:
        """Wait until the last number of each charger was seen, or for a while."""
        last = {name: number for name, number, _ in sent}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            newest = {name: number for name, number, _ in self.seen}
            if all(newest.get(name, 0) >= number for name, number in last.items()):
                return
            time.sleep(self._every)

    def _note(self) -> None:
        found = self._look()
        now = time.monotonic()
        self.seen += [(name, number, now) for name, number in found]


def latency(plan: BenchPlan, folder: Path) -> Latency:
    """Two runs: one with the counting store, one with VictoriaMetrics."""
    shown, handed = _to_metrics(plan, folder)
    return Latency(shown, handed, _to_store(plan, folder))


def _to_metrics(plan: BenchPlan, folder: Path) -> tuple[Delay, Delay]:
    with Child.module("store", "--probe", PREFIX, folder=folder) as store:
        port = store.hear()["port"]
        with rig(
            BRIDGE, chargers=plan.chargers, probes=plan.probes, store=f"http://127.0.0.1:{port}"
        ) as made:
            with Watch(lambda: _shown(made.port), every=POLL_SECONDS) as watch:
                made.go(plan.latency_rate, plan.latency_seconds)
                probes = _probes(made.sent().probes)
                watch.await_all(probes)
            time.sleep(STORE_POLL_SECONDS)
            handed = _handed(port, probes)
            return delays(probes, watch.seen), handed


def _handed(port: int, probes: Sequence[Probe]) -> Delay:
    """What the counting store got, once it has the last probe or time is up."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        came = [
            (str(name), int(number), float(at))
            for name, number, at in json.loads(fetch(port, packed=False, path="/probes"))
        ]
        found = delays(probes, came)
        if not found.lost or time.monotonic() > deadline:
            return found
        time.sleep(STORE_POLL_SECONDS)


def _to_store(plan: BenchPlan, folder: Path) -> Delay:
    with (
        VictoriaMetrics(folder) as victoria,
        rig(BRIDGE, chargers=plan.chargers, probes=plan.probes, store=victoria.url) as made,
        Watch(lambda: _stored(victoria.url), every=STORE_POLL_SECONDS) as watch,
    ):
        made.go(plan.latency_rate, plan.latency_seconds)
        probes = _probes(made.sent().probes)
        watch.await_all(probes)
        return delays(probes, watch.seen)


def _shown(port: int) -> list[tuple[str, int]]:
    text = scrape(port, packed=False, path="/metrics?collect[]=live")
    return [(name.decode(), int(float(value))) for name, value in HEAP.findall(text)]


def _stored(url: str) -> list[tuple[str, int]]:
    """The largest stored number of each probe; stored values are flushed to be seen."""
    ask(f"{url}/internal/force_flush")
    match = f'{{__name__="evse_heap_free",charger=~"{PREFIX}.*"}}'
    rows = [json.loads(row) for row in ask(f"{url}/api/v1/export", {"match[]": match}).splitlines()]
    return [(row["metric"]["charger"], int(max(row["values"]))) for row in rows]


def _probes(rows: Iterable[tuple[str, int, float]]) -> list[Probe]:
    return [(name, number, at) for name, number, at in rows]
