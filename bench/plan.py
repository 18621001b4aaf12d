"""Durations and repetitions of each run: for the published note, and for a quick run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PollCounts:
    """Chargers in fallback, beside others on MQTT; durations in seconds."""

    chargers: int
    every: float
    min_gap: float
    silent_after: float
    rate: int
    """Messages a second of the others."""
    scrape_every: float
    without: float
    """How long the same is measured before anyone is polled."""
    settle: float
    """From the addresses until every charger was polled twice."""
    window: float


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """Durations in seconds, rates in messages a second."""

    chargers: int
    scrape_every: float
    warm: float
    window: float
    repeats: int
    steady_rate: int
    floods: tuple[tuple[int, float], ...]
    latency_rate: int
    latency_seconds: float
    probes: int
    fleet: int
    fleet_rate: int
    fleet_window: float
    fleet_repeats: int
    polls: PollCounts
    asked_chargers: int
    """Over which the Fleet dashboard's queries are asked."""
    asked_seconds: int
    """Of their past."""


FULL = BenchPlan(
    chargers=1000, scrape_every=5.0, warm=4.0, window=15.0, repeats=5, steady_rate=20_000,
    floods=((40_000, 30.0), (60_000, 10.0)), latency_rate=10_000, latency_seconds=20.0,
    probes=10, fleet=10_000, fleet_rate=20_000, fleet_window=6.0, fleet_repeats=2,
    polls=PollCounts(
        chargers=10_000, every=60.0, min_gap=15.0, silent_after=20.0, rate=4_000,
        scrape_every=15.0, without=45.0, settle=95.0, window=180.0,
    ),
    asked_chargers=10_000, asked_seconds=3600,
)  # fmt: skip
QUICK = BenchPlan(
    chargers=1000, scrape_every=2.0, warm=1.0, window=4.0, repeats=1, steady_rate=20_000,
    floods=((40_000, 2.0),), latency_rate=10_000, latency_seconds=2.0,
    probes=10, fleet=1000, fleet_rate=10_000, fleet_window=2.0, fleet_repeats=1,
    polls=PollCounts(
        chargers=1000, every=6.0, min_gap=2.0, silent_after=5.0, rate=4_000,
        scrape_every=5.0, without=5.0, settle=14.0, window=15.0,
    ),
    asked_chargers=200, asked_seconds=300,
)  # fmt: skip
