"""A large fleet: memory, series, what a scrape costs, and what it holds up."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.accounts import unaccounted, worst_lag
from bench.chargers import FIELDS
from bench.child import Child
from bench.flood import Probed
from bench.plan import BenchPlan
from bench.rig import Rig, rig
from bench.scrape import fetch, series
from bench.subjects import BRIDGE
from bench.usage import usage

PAUSE_SECONDS = 0.3
"""Between one scrape's end and the next."""
MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """Of scrapes alone: the same traffic without them is subtracted."""

    scrapes: int
    seconds: float
    """CPU of one scrape."""
    per_series: float
    """CPU of one series, in microseconds."""
    took: float
    """How long the scraper waited for one, in the median."""


@dataclass(frozen=True, slots=True)
class Large:
    """The fleet with all its fields."""

    chargers: int
    series: int
    bytes: int
    packed_bytes: int
    idle: int
    resident: int
    peak: int
    plain: Cost
    packed: Cost
    lag: float
    probed: Probed
    missing: int
    unaccounted: int

    @property
    def per_charger(self) -> float:
        """Bytes that each charger added to the bridge without any."""
        return (self.resident - self.idle) / self.chargers


def large(plan: BenchPlan, folder: Path) -> Large:
    """All fields of all chargers, then traffic with and without scrapes."""
    with Child.module("store", folder=folder) as store:
        url = f"http://127.0.0.1:{store.hear()['port']}"
        with rig(BRIDGE, chargers=plan.fleet, store=url) as made:
            return _measure(made, plan, folder)


def _measure(made: Rig, plan: BenchPlan, folder: Path) -> Large:
    _fill(made, plan)
    filled = made.moment()
    count = series(filled.metrics)
    packed_bytes = len(fetch(made.port, packed=True))
    plain, packed = _costs(made, plan, count)
    before = made.moment()
    probed = _probed(made, plan, folder)
    sent = made.sent()
    after = made.settled(before.received + sent.messages)
    return Large(
        chargers=plan.fleet,
        series=count,
        bytes=len(filled.metrics),
        packed_bytes=packed_bytes,
        idle=made.idle.resident,
        resident=filled.used.resident,
        peak=after.used.peak,
        plain=plain,
        packed=packed,
        lag=worst_lag(before.metrics, after.metrics),
        probed=probed,
        missing=sent.messages - (after.received - before.received),
        unaccounted=unaccounted(after.metrics),
    )


def _fill(made: Rig, plan: BenchPlan) -> None:
    """One document of every charger."""
    before = made.moment().received
    made.go(plan.fleet_rate, plan.fleet * len(FIELDS) / plan.fleet_rate)
    made.settled(before + made.sent().messages)


def _costs(made: Rig, plan: BenchPlan, count: int) -> tuple[Cost, Cost]:
    """Windows without scrapes, with plain and with packed ones, by turns in one traffic."""
    windows = 3 * plan.fleet_repeats
    made.go(plan.fleet_rate / 2, windows * (1.2 * plan.fleet_window + 0.8))
    time.sleep(1.0)
    none, plain, packed = [], [], []
    for _ in range(plan.fleet_repeats):
        none.append(_window(made, plan.fleet_window, None))
        plain.append(_window(made, plan.fleet_window, False))
        packed.append(_window(made, plan.fleet_window, True))
    if made.sent().ended < packed[-1].ended:
        raise RuntimeError("the traffic was over before the scrapes were")
    share = statistics.median(window.cpu / window.seconds for window in none)
    return _cost(plain, share, count), _cost(packed, share, count)


@dataclass(frozen=True, slots=True)
class Window:
    """CPU over a stretch of the traffic, and how long each scrape in it took."""

    cpu: float
    seconds: float
    ended: float
    took: list[float]


def _window(made: Rig, seconds: float, packed: bool | None) -> Window:
    """Scrapes follow each other; None for a window without any."""
    first = usage(made.child.pid)
    took = []
    while time.monotonic() < first.at + seconds:
        if packed is not None:
            took.append(_timed(lambda: fetch(made.port, packed=packed)))
        time.sleep(PAUSE_SECONDS)
    last = usage(made.child.pid)
    return Window(last.cpu - first.cpu, last.at - first.at, last.at, took)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _cost(windows: list[Window], share: float, count: int) -> Cost:
    """`share` is the CPU that the traffic alone takes, as a part of a core."""
    took = [each for window in windows for each in window.took]
    extra = sum(window.cpu - share * window.seconds for window in windows)
    seconds = extra / max(1, len(took))
    return Cost(len(took), seconds, seconds * MICRO / max(1, count), statistics.median(took))


def _probed(made: Rig, plan: BenchPlan, folder: Path) -> Probed:
    """Replies from outside while the traffic flows and the fleet is scraped, plain and packed."""
    with Child.module("prober", made.port, folder=folder) as prober:
        made.go(plan.fleet_rate / 2, plan.fleet_window)
        until = time.monotonic() + plan.fleet_window - 1.0
        while time.monotonic() < until:
            for packed in (False, True):
                fetch(made.port, packed=packed)
                time.sleep(PAUSE_SECONDS)
        return Probed.of(prober.ask("stop"))
