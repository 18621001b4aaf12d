"""Which charger to query next over MQTT, and for what: slowly, with back-off for no reply.

Only decides: the caller sends and reports outcomes. Times are steady seconds, never falling.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.backoff import grown
from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.rapi.open_queries import QueryOutcome
from bridge.core.rapi.query import Query

ROUND = (Query.ENERGY, Query.FAULTS, Query.STATE)
"""What telemetry over MQTT lacks, one query after the other."""
LEAST_GAP, SLOWEST = 60.0, 3600.0
# The fractions of its multiples fill an interval evenly, however many there are.
_GOLDEN = 0.6180339887498949
_BAD = frozenset({QueryOutcome.TIMEOUT, QueryOutcome.MALFORMED})


@dataclass(frozen=True, slots=True)
class QueryConfig:
    """Seconds between two queries to one charger, and how many may be in flight."""

    every: float = 100.0
    slowest: float = SLOWEST
    at_once: int = 16
    jitter: float = 0.1  # of the time between two, on top of it


def config_for(round_seconds: float) -> QueryConfig:
    """The settings for a whole round in this time, as far as the least gap allows."""
    every = max(LEAST_GAP, round_seconds / len(ROUND))
    return QueryConfig(every, slowest=max(every, SLOWEST))


@dataclass(slots=True)
class _Progress:
    """One charger's position in the round."""

    step: int = 0
    failures: int = 0

    @property
    def query(self) -> Query:
        return ROUND[self.step % len(ROUND)]


class QuerySchedule:
    """Every charger is either waiting or being queried; `random` gives numbers from 0 to 1."""

    def __init__(self, config: QueryConfig, *, random: Callable[[], float]) -> None:
        self.config = config
        self._random = random
        self._share = random()
        self._progress: dict[ChargerId, _Progress] = {}
        self._waiting: list[tuple[float, ChargerId]] = []

    def __len__(self) -> int:
        return len(self._progress)

    def __contains__(self, charger: ChargerId) -> bool:
        return charger in self._progress

    def admit(self, charger: ChargerId, now: Steady) -> None:
        """Query this charger too, first within one period; a known one keeps its due time."""
        if charger not in self._progress:
            self._share = (self._share + _GOLDEN) % 1.0
            self._progress[charger] = _Progress()
            heapq.heappush(self._waiting, (now + self.config.every * self._share, charger))

    def due(self, now: Steady) -> tuple[ChargerId, Query] | None:
        """A due charger and its query; `done`, `postpone` or `remove` must follow."""
        if not self._waiting or self._waiting[0][0] > now:
            return None
        charger = heapq.heappop(self._waiting)[1]
        return charger, self._progress[charger].query

    def done(self, charger: ChargerId, outcome: QueryOutcome, now: Steady) -> None:
        """A query ended; after an ambiguous one the same query is due again."""
        progress = self._progress[charger]
        progress.failures = progress.failures + 1 if outcome in _BAD else 0
        progress.step += outcome is not QueryOutcome.AMBIGUOUS
        # One lost message is no reason for back-off: a whole round without a reply is.
        failures = progress.failures - len(ROUND) + 1
        self._wait(charger, now, grown(self.config.every, self.config.slowest, failures))

    def postpone(self, charger: ChargerId, now: Steady) -> None:
        """The charger must not be queried now."""
        self._wait(charger, now, self.config.every)

    def remove(self, charger: ChargerId) -> None:
        """Forget a charger that was due."""
        del self._progress[charger]

    def _wait(self, charger: ChargerId, now: Steady, seconds: float) -> None:
        due = now + seconds * (1 + self.config.jitter * self._random())
        heapq.heappush(self._waiting, (due, charger))
