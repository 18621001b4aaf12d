"""Whether a charger's energy total moves as its measured current says.

Old controllers raise the total only when a session ends: one that stands still counts only
where it was seen to rise while current flowed, or where the session's own meter stands too.
"""

from bridge.core.clock import Steady

FLOWING_AMPERES, NO_AMPERES = 2.0, 0.5
MOST_APART_SECONDS = 120.0
"""Between two frames further apart, anything may have happened."""
STANDING_SECONDS, RISING_SECONDS = 300.0, 180.0
LEAST_WH = 200.0
STEPS = 3
"""Rises that show how a total moves; a total in kWh moves in large steps."""
METERS = 2
USUAL_VOLTS = 230.0
STANDS = "current flows but the energy total stands still"
RISES = "the energy total rises without current"


class EnergyCheck:
    """Compares one frame of a charger with the one before."""

    __slots__ = (
        "_amperes", "_expected", "_meter", "_meters", "_risen", "_rises", "_rising_from",
        "_rose", "_standing_from", "_steady", "_step", "_steps", "_total",
    )  # fmt: skip

    def __init__(self) -> None:
        self._amperes = 0.0
        self._total: float | None = None
        self._steady = Steady(0.0)
        self._steps, self._step = 0, 0.0
        """Rises while current flowed, and the last one, in Wh."""
        self._meter: float | None = None
        self._expected = self._risen = 0.0
        self._standing_from = self._rising_from = self._rose = Steady(0.0)
        self._rises = 0
        self._meters = 0
        """Readings in a row in which the session's own meter stood still."""

    def observe_meter(self, wh: float) -> None:
        """Record the session's own energy."""
        stands = self._meter is not None and wh == self._meter
        self._meters = self._meters + 1 if stands else 0
        self._meter = wh
        if not stands:
            self._expected = 0.0

    def observe(
        self, amperes: float, watts: float | None, total: float | None, *,
        charging: bool, steady: Steady,
    ) -> str | None:  # fmt: skip
        """Record a frame with a current; returns what contradicts what, or None.

        `total` is None where the frame has none, or a doubtful one.
        """
        before, apart = self._total, steady - self._steady
        lower, higher = self._amperes, amperes
        if lower > higher:
            lower, higher = higher, lower
        self._amperes, self._total, self._steady = amperes, total, steady
        if total is None or before is None or total < before or apart > MOST_APART_SECONDS:
            self._restart(steady)
            return None
        rise = total - before
        if higher < NO_AMPERES:
            return RISES if self._rises_alone(rise, steady) else None
        self._risen, self._rises = 0.0, 0
        if not charging or lower < FLOWING_AMPERES:
            self._restart(steady)
            return None
        power = USUAL_VOLTS * lower if watts is None else watts * lower / amperes
        return STANDS if self._stands(rise, power * apart / 3600, steady) else None

    def _stands(self, rise: float, expected: float, steady: Steady) -> bool:
        if rise > 0:
            self._steps, self._step = self._steps + 1, rise
            self._expected, self._standing_from = 0.0, steady
            return False
        self._expected += expected
        known = self._steps >= STEPS or self._meters >= METERS
        long = steady - self._standing_from >= STANDING_SECONDS
        return known and long and self._expected >= LEAST_WH + STEPS * self._step

    def _rises_alone(self, rise: float, steady: Steady) -> bool:
        self._expected, self._standing_from, self._meters = 0.0, steady, 0
        if steady - self._rose > STANDING_SECONDS:
            self._risen, self._rises = 0.0, 0
        if rise > 0:
            if not self._rises:
                self._rising_from = self._rose
            self._risen, self._rises = self._risen + rise, self._rises + 1
            self._rose = steady
        long = steady - self._rising_from >= RISING_SECONDS
        return long and self._rises >= STEPS and self._risen >= LEAST_WH

    def _restart(self, steady: Steady) -> None:
        self._expected = self._risen = 0.0
        self._rises = self._meters = 0
        self._standing_from = self._rising_from = self._rose = steady
