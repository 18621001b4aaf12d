"""All that a whole benchmark measured."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.fleet_queries import FleetQueries
from bench.flood import Flood
from bench.large import Large
from bench.latency import Latency
from bench.plan import BenchPlan
from bench.polling import PollingBench
from bench.steady import Steady


@dataclass(frozen=True, slots=True)
class Results:
    """By run; `steady` by subject, a member for each repeat."""

    plan: BenchPlan
    place: Sequence[tuple[str, str]]
    steady: Mapping[str, Sequence[Steady]]
    floods: Sequence[Flood]
    latency: Latency
    large: Large
    polling: PollingBench
    queries: FleetQueries

    def micros(self, name: str) -> float | None:
        """The median CPU per message of a subject; None where it was not there."""
        repeats = self.steady.get(name)
        return median(repeats, lambda each: each.micros) if repeats else None


def median(repeats: Sequence[Steady], value: Callable[[Steady], float]) -> float:
    return statistics.median(value(each) for each in repeats)
