"""The Fleet dashboard's queries over 10,000 chargers: how long Prometheus takes for each.

An hour at 30 s is filled in, and what the rules would have recorded of it.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.past import STEP, Past, serving
from bench.recorded import fill
from bench.table import table
from tests.kit.dashboards import Asked, boards, filled, queries
from tests.kit.servers import Prometheus
from tests.kit.servers.web import ask

GOAL_SECONDS, PATIENCE_SECONDS = 2.0, 1200.0
MOST_OF_THE_PAST = 0.95
"""A scrape that came too late is lost; a past with holes would be too easy."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A query by its name, how many series came, and in what time."""

    name: str
    series: int
    seconds: float

    @property
    def met(self) -> bool:
        return self.seconds <= GOAL_SECONDS

    def row(self) -> list[str]:
        word = "yes" if self.met else "**no**"
        return [self.name, f"{self.series:,}", f"{self.seconds:.2f} s", word]


@dataclass(frozen=True, slots=True)
class FleetQueries:
    """All queries of the dashboard over so many chargers."""

    chargers: int
    timed: Sequence[Timed]

    def table(self) -> str:
        """A row for each."""
        head = ("Query", "Series", "Took", f"≤ {GOAL_SECONDS:g} s")
        return table(head, [each.row() for each in self.timed])


def _step(asked: Asked) -> str:
    """The least distance of points that the panel asks for."""
    return "300" if "[$__interval]" in asked.text else "60"


def _timed(prometheus: Prometheus, asked: Asked, past: Past) -> Timed:
    """None came where the asker gave up after ten seconds."""
    end = past.end
    span = {"__range": "1h", "__interval": "300s", "__rate_interval": "2m", "site": ".*"}
    query = {"query": filled(asked.text, span), "timeout": "60s"}
    if asked.target["instant"]:
        path, span = "query", {"time": str(end)}
    else:
        path, span = (
            "query_range",
            {"start": str(end - 3600), "end": str(end), "step": _step(asked)},
        )
    began = time.monotonic()
    text = ""
    # It counts as what it took, and the others are still asked.
    with contextlib.suppress(TimeoutError):
        text = ask(f"{prometheus.url}/api/v1/{path}", query | span)
    return Timed(asked.name, text.count('"metric"'), time.monotonic() - began)


def wait_for_the_past(prometheus: Prometheus, past: Past) -> None:
    """Until it is filled in; RuntimeError where much of it is missing."""
    if not past.done.wait(PATIENCE_SECONDS):
        raise RuntimeError(f"the past was not filled in: {prometheus.log[-500:]}")
    steps = (past.end - past.start) // STEP
    asked = f"min(count_over_time(evse_up[{past.end - past.start}s] @ {past.end}))"
    (found,) = prometheus.query(asked)
    if found.value < MOST_OF_THE_PAST * steps:
        raise RuntimeError(f"{found.value:g} of {steps} scrapes came in time")


def fleet_queries(chargers: int, seconds: int, folder: Path) -> FleetQueries:
    """Fill the past in, and ask every query once."""
    past = Past(chargers, seconds)
    with (
        serving(past) as targets,
        Prometheus(folder, targets=targets, timeout="1s") as prometheus,
    ):
        wait_for_the_past(prometheus, past)
        fill(prometheus, folder, past.start, past.end)
        board = boards("prometheus")["nofos-fleet"]
        return FleetQueries(chargers, [_timed(prometheus, asked, past) for asked in queries(board)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet_queries", description=__doc__)
    parser.add_argument("--chargers", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=3600, help="of the past")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nofos-bench-") as folder:
        found = fleet_queries(given.chargers, given.seconds, Path(folder))
    sys.stdout.write(found.table() + "\n")


if __name__ == "__main__":
    main()
