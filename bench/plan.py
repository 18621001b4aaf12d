"""How long and how often each run goes: for the note, and for a quick look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
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


FULL = Plan(
    chargers=1000, scrape_every=5.0, warm=4.0, window=15.0, repeats=5, steady_rate=20_000,
    floods=((40_000, 30.0), (60_000, 10.0)), latency_rate=10_000, latency_seconds=20.0,
    probes=10, fleet=10_000, fleet_rate=20_000, fleet_window=6.0, fleet_repeats=2,
)  # fmt: skip
QUICK = Plan(
    chargers=1000, scrape_every=2.0, warm=1.0, window=4.0, repeats=1, steady_rate=20_000,
    floods=((40_000, 2.0),), latency_rate=10_000, latency_seconds=2.0,
    probes=10, fleet=1000, fleet_rate=10_000, fleet_window=1.0, fleet_repeats=1,
)  # fmt: skip
