"""Whether a charger's state, current, power and energy contradict each other for minutes.

Nothing is hidden or changed: the contradiction is flagged, with an event at begin and end.
"""

from bridge.core.clock import Moment, Steady
from bridge.core.fields import states
from bridge.core.model import ChargerId, Event, EventKind, SavedState
from bridge.core.output.series import SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.telemetry.energy_check import FLOWING_AMPERES, MOST_APART_SECONDS, EnergyCheck

LONG_SECONDS = 180.0
FRAMES, AGREEMENTS = 3, 2
LEAST_WATTS, POWER_FACTOR = 500.0, 4.0
"""One ammeter may stand for three phases, and a power factor lowers the measured power."""
RESTING = frozenset({states.NOT_CONNECTED, states.CONNECTED, states.SLEEPING, states.DISABLED})
FLOWS = "current flows in a state without charging"
POWER = "the measured power is not current times voltage"
AGREE = "values agree again"


class Contradictions:
    """The contradictions of one charger; two frames without one clear the flag."""

    __slots__ = (
        "_agreements", "_charger", "_energy", "_frames", "_series", "_since", "_steady",
        "_writer", "found",
    )  # fmt: skip

    def __init__(
        self, charger: ChargerId, *, series_table: SeriesTable, writer: Writer, saved: SavedState
    ) -> None:
        self._charger = charger
        self._writer = writer
        self._energy = EnergyCheck()
        self._agreements = self._frames = 0
        self._since = self._steady = Steady(0.0)
        self.found = saved.get("contradictory") is True
        """Values have contradicted each other for minutes."""
        self._series = series_table.series("evse_contradictory", charger, {})
        self._series.set(int(self.found))

    def observe_meter(self, wh: float) -> None:
        """Record the session's own energy."""
        self._energy.observe_meter(wh)

    def observe(
        self, now: Moment, *, state: int | None, amperes: float, computed: float | None,
        measured: float | None, total: float | None,
    ) -> None:  # fmt: skip
        """Record a frame with a current: the power computed from it and the one that the
        charger measured, in W, and the believed total in Wh."""
        steady = now.steady
        standing = self._energy.observe(
            amperes, computed, total, charging=state == states.CHARGING, steady=steady
        )
        sign = _sign(state, amperes, computed, measured)
        if sign is not None or standing is not None:
            self._agreements = 0
            lasts = sign is not None and self._lasts(steady)
            if not self.found and (standing or lasts):
                self._report(True, standing or sign or "", now)
        elif self.found or self._frames:
            self._agree(now)

    def _lasts(self, steady: Steady) -> bool:
        """Whether there was a sign in each frame for long enough."""
        if steady - self._steady > MOST_APART_SECONDS or not self._frames:
            self._since, self._frames = steady, 0
        self._frames, self._steady = self._frames + 1, steady
        return self._frames >= FRAMES and steady - self._since >= LONG_SECONDS

    def _agree(self, now: Moment) -> None:
        self._frames = 0
        self._agreements += 1
        if self.found and self._agreements >= AGREEMENTS:
            self._report(False, AGREE, now)

    def _report(self, found: bool, text: str, now: Moment) -> None:
        self.found = found
        self._series.set(int(found))
        self._writer.write_event(
            Event(self._charger, now.unix, EventKind.CONTRADICTORY, int(found), text)
        )


def _sign(
    state: int | None, amperes: float, computed: float | None, measured: float | None
) -> str | None:
    """What contradicts what within one frame."""
    if state in RESTING and amperes >= FLOWING_AMPERES:
        return FLOWS
    if computed is None or measured is None:
        return None
    lower, higher = min(computed, measured), max(computed, measured)
    return POWER if higher > LEAST_WATTS and higher > POWER_FACTOR * lower else None
