"""Builds the clock of one bridge, and its watch."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from bridge.core.clock import Moment, Steady
from bridge.core.clock_offset import offset_from_skews
from bridge.core.model import ChargerId, SavedState
from bridge.core.telemetry.telemetry import Telemetry
from bridge.logs import RepeatedLog
from bridge.monitoring.clock_watch import ClockWatch, Reference
from bridge.monitoring.stats import GaugeRow, GaugeTable, Stats
from bridge.runtime.clock import PlausibleClock
from bridge.runtime.kernel_clock import kernel_clock
from bridge.storage.journal import Journal
from bridge.storage.state_file import StateFile

BELIEVED_AT = "believed_at"
"""The key under which the state file keeps the last time that was believed."""
MOST_ASKED = 1000
"""Chargers whose clocks are compared."""


def build_clock(system: Callable[[], Moment], journal: Journal, state: StateFile) -> PlausibleClock:
    """The clock, which goes on from earlier runs where the system's is not set."""
    return PlausibleClock(system, last_unix(journal, state))


def build_watch(
    clock: PlausibleClock,
    *,
    journal: Journal,
    state: StateFile,
    telemetries: Mapping[ChargerId, Telemetry],
    store: Reference | None,
    repeated_log: RepeatedLog,
    stats: Stats,
) -> ClockWatch:
    """The watch, with its metrics registered."""
    last = last_unix(journal, state)
    believed = state.meta.get(BELIEVED_AT, "")
    references: dict[str, Reference] = {"chargers": ChargerClocks(telemetries).offset}
    if store is not None:
        references["store"] = store
    watch = ClockWatch(
        clock, known_unix=float(believed) if believed.isdigit() else last, last_unix=last,
        references=references, repeated_log=repeated_log, kernel=kernel_clock,
    )  # fmt: skip
    stats.registry.register(GaugeTable(_rows(clock, watch)))
    return watch


def last_unix(journal: Journal, state: StateFile) -> float:
    """The last timestamp of earlier runs, in Unix seconds; 0 for none."""
    return max([journal.last_ms, *_stamps(state.loaded.values())]) / 1000


class ChargerClocks:
    """The chargers' clocks as a reference."""

    def __init__(self, telemetries: Mapping[ChargerId, Telemetry]) -> None:
        self._telemetries = telemetries

    def offset(self, since: Steady) -> float | None:
        """Our clock against those that agree, as they were received since then."""
        some = islice(self._telemetries.values(), MOST_ASKED)
        skews = [skew for each in some if (skew := each.clock_skew(since)) is not None]
        return offset_from_skews(skews)


def _stamps(states: Iterable[SavedState]) -> Iterable[float]:
    for saved in states:
        stamps = saved.get("stamps")
        if isinstance(stamps, list):
            yield from (each for each in stamps if isinstance(each, int) and 0 < each < 2**53)


def _rows(clock: PlausibleClock, watch: ClockWatch) -> tuple[GaugeRow, ...]:
    return (
        GaugeRow("clock_steps", "Steps of the wall clock by more than a minute.",
                 lambda: watch.steps, counter=True),
        GaugeRow("clock_offset_seconds",
                 "The clock of the bridge minus that of a reference; positive where it is ahead.",
                 watch.offsets, label="reference"),
        GaugeRow("clock_synchronised", "1 if a time service keeps the clock.",
                 watch.synchronised, label="reference"),
        GaugeRow("clock_estimated",
                 "1 while the system's clock is before 2020, and timestamps are estimated.",
                 lambda: int(clock.estimated)),
        GaugeRow("clock_estimated_seconds", "How long timestamps were estimated.",
                 lambda: watch.estimated_seconds, counter=True),
    )  # fmt: skip
