"""The registry: every charger's telemetry by id, from the first announcement until it retires."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bridge.core.charging.journaled import with_journaled
from bridge.core.clock import Moment, Unix
from bridge.core.clock_steps import ClockStep
from bridge.core.discovery.charger import Charger
from bridge.core.fields.decoder import Decoders
from bridge.core.labels import Labels
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.output.series import SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.telemetry.config import TelemetryConfig
from bridge.core.telemetry.presence import PRESENCES
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.boundary import Boundary
from bridge.runtime.round_robin import RoundRobin


class Registry:
    """Creates and holds the telemetry of each charger; `telemetries` is read by many parts."""

    def __init__(
        self,
        *,
        config: TelemetryConfig,
        tags: Mapping[str, str],
        labels: Callable[[ChargerId], Labels],
        series_table: SeriesTable,
        out: Outbox,
        boundary: Boundary,
    ) -> None:
        self._config = config
        self._tags = tags
        self._labels = labels
        self._series_table = series_table
        self._out = out
        self._boundary = boundary
        self._floor_ms = 0
        self._journaled: dict[str, Sequence[tuple[float, float]]] = {}
        """Energy totals of the journal, of chargers that were not added yet."""
        self._decoders = Decoders()
        self._retired: dict[ChargerId, tuple[Charger, SavedState]] = {}
        self.telemetries: dict[ChargerId, Telemetry] = {}
        self._round = RoundRobin(self.telemetries.values)

    def add(self, charger: Charger, saved: SavedState, *, trusted: bool) -> Telemetry:
        """Create a charger's telemetry from its saved state.

        `trusted`: the last run ended cleanly, so that no counter was exposed with a higher value.
        Raises TypeError, ValueError or KeyError for a state that no run can have saved.
        """
        charger.labels = self._labels(charger.id)
        saved = with_journaled(saved, self._journaled.get(charger.id, ()))
        writer = Writer(charger.id, out=self._out, tags=self._tags, floor_ms=self._floor_ms)
        writer.set_site(charger.labels.site)
        writer.restore(saved.get("stamps"))
        telemetry = self.telemetries[charger.id] = Telemetry(
            charger, series_table=self._series_table, out=self._out, writer=writer,
            config=self._config, decoders=self._decoders, saved=saved, trusted=trusted,
        )  # fmt: skip
        self._journaled.pop(charger.id, None)
        return telemetry

    def retire(self, charger: Charger) -> None:
        """A charger retired: its state is remembered."""
        telemetry = self.telemetries.get(charger.id)
        if telemetry is not None:
            try:
                self._remove(telemetry)
            finally:
                self.remember(charger, telemetry.saved())

    def remember(self, charger: Charger, saved: SavedState) -> None:
        """Keep the state of a charger that has retired."""
        self._retired[charger.id] = charger, saved

    def recall(self, charger: ChargerId) -> SavedState:
        """The state of a charger that returns; nothing for one that is new."""
        _, saved = self._retired.pop(charger, (None, {}))
        return saved

    def forget(self, charger: ChargerId) -> None:
        """A charger is forgotten. If it returns, its timestamps continue after the last one."""
        self._retired.pop(charger, None)
        telemetry = self.telemetries.get(charger)
        if telemetry is not None:
            self._remove(telemetry)

    def clock_stepped(self, step: ClockStep) -> None:
        """The wall clock was set. A floor for timestamps that now lies in the future is void."""
        for telemetry in self.telemetries.values():
            telemetry.charger.clock_stepped(step)
            telemetry.clock_stepped(step)
        self._floor_ms = int(step.corrected(Unix(self._floor_ms / 1000)) * 1000)

    def stamp_after(self, floor_ms: int) -> None:
        """Chargers that are added from now on get timestamps after this one."""
        self._floor_ms = max(self._floor_ms, floor_ms)

    def continue_from(self, totals: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Chargers that are added continue from these energies: (value, total), newest first."""
        self._journaled = dict(totals)

    def sweep(self, now: Moment, most: int, seconds: float) -> Iterator[Telemetry]:
        """Expire stale values of up to `most` chargers, in turn, within `seconds`; yields each."""
        for telemetry in self._round.next(most, seconds):
            if self.telemetries.get(telemetry.charger.id) is telemetry:
                self._boundary.run(telemetry.charger.id, telemetry.sweep, now)
                yield telemetry

    def begin_round(self) -> None:
        """Begin a new round of sweeping, if the last one is done."""
        self._round.begin_round()

    def close(self) -> None:
        """Close all open frames: the bridge stops."""
        for charger, telemetry in self.telemetries.items():
            self._boundary.run(charger, telemetry.close)

    def saved_states(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        """The states to save of these chargers; None for those that are forgotten.

        One whose state cannot be made is left out, and keeps the state that was saved before.
        """
        states: dict[ChargerId, SavedState | None] = {}
        for charger in chargers:
            if charger not in self.telemetries and charger not in self._retired:
                states[charger] = None
            elif (state := self._boundary.run(charger, self._saved, charger)) is not None:
                states[charger] = state
        return states

    def presences(self) -> dict[str, int]:
        """The number of chargers that are up, silent, offline, unheard."""
        counts = dict.fromkeys(PRESENCES, 0)
        for telemetry in self.telemetries.values():
            counts[telemetry.presence] += 1
        return counts

    def _remove(self, telemetry: Telemetry) -> None:
        del self.telemetries[telemetry.charger.id]
        try:
            telemetry.close()
        finally:
            self.stamp_after(telemetry.last_stamp_ms())

    def _saved(self, charger: ChargerId) -> SavedState | None:
        if charger in self.telemetries:
            return self.telemetries[charger].saved()
        retired = self._retired.get(charger)
        return retired and {**retired[1], **retired[0].saved()}
