"""Whether currents arrive in the dialect's unit: amperes or milliamperes.

While a charger charges, a current up to 1.5 times the pilot fits amperes, one of 50 times
the pilot or more fits milliamperes. The unit is never switched, only suspected. While it is,
no current is stored, and none makes a power or a peak.
"""

from bridge.core.charging.charging import Charging
from bridge.core.clock import Moment, Steady
from bridge.core.discovery.charger import Charger
from bridge.core.fields import states
from bridge.core.fields.decode import Value
from bridge.core.model import Dialect, SavedState
from bridge.core.output.series import SeriesTable
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.frame import LONGEST_SECONDS

CONFIRMATIONS = 3
CHECKED = "current_1"
"""The column that is compared with the pilot."""
CURRENTS = frozenset({CHECKED, "current_2", "current_3"})


class UnitCheck:
    """Three consecutive samples that contradict the dialect set `suspect`, three that agree
    clear it."""

    __slots__ = (
        "_agreements", "_charger", "_charging", "_compared", "_contradictions", "_milliamperes",
        "_series", "doubted", "suspect",
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
        self._compared: tuple[Channel, Steady] | None = None
        self.suspect = saved.get("unit_suspect") is True
        self.doubted = self.suspect
        """The latest current may have another unit."""
        self._series = series_table.series("evse_unit_suspect", charger.id, {})
        self._series.set(int(self.suspect))

    def accepts(self, channel: Channel, pilot: Channel | None, now: Moment) -> bool:
        """Compare a current that arrived; False where its unit is suspect."""
        if channel.column != CHECKED or pilot is None:
            return not self.suspect
        if not (self.suspect and self._repeats(channel, now)):
            self.observe(channel.value, pilot.value, self._charging.code, now)
        return not self.suspect

    def refuses(self, channel: Channel, pilot: Channel | None, now: Moment) -> bool:
        """Whether a current's unit is suspect; it is shown as it came, but not stored."""
        refused = not self.accepts(channel, pilot, now)
        if refused and not channel.shown:
            channel.show()
        return refused

    def _repeats(self, channel: Channel, now: Moment) -> bool:
        """Whether it is a second name of a current in the same burst: none is in the frame."""
        before, self._compared = self._compared, (channel, now.steady)
        if before is None or before[0] is channel:
            return False
        return now.steady - before[1] < LONGEST_SECONDS

    def observe(
        self, current: Value | None, pilot: Value | None, state: int | None, now: Moment
    ) -> None:
        """Compare a current with the pilot, while the charger charges."""
        if state != states.CHARGING or not pilot or current is None:
            return
        before = self.suspect
        self._compare(float(current), float(pilot))
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
        self.doubted = self.suspect or wrong
