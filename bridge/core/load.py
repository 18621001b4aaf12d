"""What a charger draws: power over the phases that have both current and voltage.

The power factor is taken as 1. A charger that sends its power itself is believed.
"""

from collections.abc import Mapping

from bridge.core.channel import Channel, Line

_PHASES = tuple((f"current_{n}", f"voltage_{n}") for n in "123")


class Load:
    """The computed power of one charger, with its line and its age."""

    __slots__ = ("_line", "amperes", "at")

    def __init__(self, line: Line) -> None:
        self._line = line
        self.at: float | None = None
        """Steady time of the frame that is shown."""
        self.amperes = 0.0
        """The highest current of the last frame."""

    def take(self, parts: Mapping[str, Channel], steady: float, *, show: bool) -> float | None:
        """Look at a frame; returns its power in W, None where no phase has both."""
        power: float | None = None
        self.amperes = 0.0
        for current, voltage in _PHASES:
            amperes, volts = _value(parts, current), _value(parts, voltage)
            self.amperes = max(self.amperes, amperes or 0.0)
            if amperes is not None and volts is not None:
                power = (power or 0.0) + amperes * volts
        if show and power is not None:
            self._line.put(power)
            self.at = steady
        return power

    def expire(self, oldest: float) -> None:
        """Show nothing that is older than this steady time."""
        if self.at is not None and self.at <= oldest:
            self.at = None
            self._line.clear()


def _value(parts: Mapping[str, Channel], column: str) -> float | None:
    part = parts.get(column)
    return None if part is None else part.value
