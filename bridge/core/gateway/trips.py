"""A controller's trips, which only /status reports: counters that saturate at 255.

Source: integration guide, "/status field reference": gfcicount, nogndcount, stuckcount.
"""

from bridge.core.clock import Unix
from bridge.core.counters import Growth, ResetProof, Witness
from bridge.core.fields.status import Status
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.series import Series, SeriesTable
from bridge.core.output.writer import Writer

COLUMNS = ("gfci_trips", "no_ground_trips", "stuck_relay_trips")
GROWTH = Growth(per_second=0.1, burst=300)


class Trips:
    """The reset-proof trips of one charger; exposed once the state file has them."""

    def __init__(
        self, charger: ChargerId, *, series_table: SeriesTable, writer: Writer, saved: SavedState
    ) -> None:
        self._writer = writer
        trips = saved.get("trips")
        kept = trips if isinstance(trips, dict) else {}
        self._counters: dict[str, tuple[ResetProof, Series]] = {}
        for column in COLUMNS:
            counter = ResetProof.restored(GROWTH, kept.get(column))
            line = series_table.series(f"evse_{column}_total", charger, {})
            if counter.total is not None:
                line.set(counter.total)
            self._counters[column] = (counter, line)

    def observe(self, status: Status, witness: Witness, unix: Unix, *, state: int | None) -> None:
        """Record the trips of a document; `unix` in Unix seconds."""
        alone = witness.commands is None
        for column, (counter, line) in self._counters.items():
            value = status.value(column)
            if value is None:
                continue
            before = counter.total
            counter.observe(float(value), unix, state=state, witness=witness, alone=alone)
            if counter.total is not None and counter.total != before:
                self._writer.publish_when_saved(line, counter.total)
                self._writer.mark_dirty()

    def saved(self) -> SavedState:
        """What the state file keeps."""
        kept = {column: counter.saved() for column, (counter, _) in self._counters.items()}
        return {"trips": {column: saved for column, saved in kept.items() if saved}}
