"""Whether currents arrive in the dialect's unit: amperes or milliamperes.

While a charger charges, a current up to 1.5 times the pilot fits amperes, one of 50 times
the pilot or more fits milliamperes. The unit is never switched, only suspected.
"""

from bridge.core.charging.charging import Charging
from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.fields import states
from bridge.core.model import Dialect, SavedState
from bridge.core.output.series import SeriesTable
from bridge.core.telemetry.channel import Channel

CONFIRMATIONS = 3


class UnitCheck:
    """Three consecutive samples that contradict the dialect set `suspect`, three that agree
    clear it."""

    __slots__ = (
        "_agreements", "_charger", "_charging", "_contradictions", "_milliamperes", "_series",
        "suspect",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        charging: Charging,
        series_table: SeriesTable,
        saved: SavedState,
    ) -> None:
        self._charger = charger
        self._charging = charging
        self._milliamperes = charger.dialect is not Dialect.NOFOS
        self._contradictions = self._agreements = 0
        self.suspect = saved.get("unit_suspect") is True
        self._series = series_table.series("evse_unit_suspect", charger.id, {})
        self._series.set(int(self.suspect))

    def observe(self, current: Channel, pilot: Channel | None, now: Moment) -> None:
        """Compare a current with the pilot, while the charger charges."""
        if self._charging.code != states.CHARGING or pilot is None:
            return
        if not pilot.value or current.value is None:
            return
        before = self.suspect
        self._compare(float(current.value), float(pilot.value))
        if self.suspect != before:
            self._series.set(int(self.suspect))
            self._charging.report_unit(self.suspect, self._charger.dialect, now)

    def _compare(self, amperes: float, pilot: float) -> None:
        raw = amperes * 1000 if self._milliamperes else amperes
        fits_amperes = 1 <= raw <= 1.5 * pilot
        fits_milliamperes = raw >= 50 * pilot
        if fits_amperes == fits_milliamperes:
            return
        wrong = fits_amperes if self._milliamperes else fits_milliamperes
        self._contradictions = self._contradictions + 1 if wrong else 0
        self._agreements = 0 if wrong else self._agreements + 1
        if self._contradictions >= CONFIRMATIONS:
            self.suspect = True
        elif self._agreements >= CONFIRMATIONS:
            self.suspect = False
