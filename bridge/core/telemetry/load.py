"""The load of a charger: power over the phases that have both current and voltage.

The power factor is taken as 1. A charger's own power reading takes precedence.
"""

from collections.abc import Mapping

from bridge.core.clock import Steady
from bridge.core.output.series import Series
from bridge.core.telemetry.channel import Channel

_PHASES = tuple((f"current_{n}", f"voltage_{n}") for n in "123")


class Load:
    """The computed power of one charger, its series and its age."""

    __slots__ = ("_line", "amperes", "computed", "phases", "steady", "watts")

    def __init__(self, line: Series) -> None:
        self._line = line
        self.steady: Steady | None = None
        """Steady time of the frame whose power is shown."""
        self.watts = 0.0
        """The power shown, valid while `steady` is not None."""
        self.amperes = 0.0
        """The highest current of the last frame."""
        self.computed: float | None = None
        """The power of the last frame, also where it is not shown."""
        self.phases: int | None = None
        """The phases that have a voltage or a current in the last frame; None where it has
        nothing of a second or third one."""

    def observe(self, parts: Mapping[str, Channel], steady: Steady, *, show: bool) -> float | None:
        """Compute a frame's power in W; None if no phase has both."""
        power: float | None = None
        most = 0.0
        phases = missing = 0
        for current, voltage in _PHASES:
            drawn, supplied = parts.get(current), parts.get(voltage)
            if supplied is not None or (drawn is not None and drawn.value):
                phases += 1
            elif drawn is None:
                missing += 1
            if drawn is None or (amperes := drawn.value) is None:
                continue
            if amperes > most:
                most = amperes
            if supplied is not None and supplied.value is not None:
                power = (power or 0.0) + amperes * supplied.value
        self.amperes, self.computed = most, power
        self.phases = (phases or 1) if missing < 2 else None
        if show and power is not None:
            self._line.set(power)
            self.watts, self.steady = power, steady
        return power

    def expire(self, oldest: float) -> None:
        """Hide the power if it is no newer than this steady time."""
        if self.steady is not None and self.steady <= oldest:
            self.hide()

    def hide(self) -> None:
        """Hide the computed power."""
        if self.steady is not None:
            self.steady = None
            self._line.clear()
