"""Fluctuating voltage and current: pure functions of time, so that energy is their integral."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sin

from bridge.sim.plan import Segment

PHASES = (0, 1, 2)
_NOMINAL = 232.0
_OHMS = 0.12

Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Mains:
    """One installation; `angle` is the phase of its fluctuations."""

    phases: int
    angle: float

    def volts(self, at: float, amps: Three) -> Three:
        """0 on a phase that is not wired; a loaded phase sags."""
        return tuple3(
            self._unloaded(phase, at) - _OHMS * amps[phase] if phase < self.phases else 0.0
            for phase in PHASES
        )

    def _unloaded(self, phase: int, at: float) -> float:
        slow = sin(at / 900 + self.angle + phase)
        fast = sin(at / 37 + 2 * self.angle + 2 * phase)
        return _NOMINAL * (1 + 0.012 * slow + 0.003 * fast)

    def amps(self, at: float, since: float, stretch: Segment) -> Three:
        """The current `at - since` seconds into a segment."""
        share = min(1.0, max(0.0, (at - since) / stretch.seconds))
        level = stretch.start + (stretch.end - stretch.start) * share
        return tuple3(
            level * (1 + 0.006 * sin(at / 53 + self.angle + 2 * phase))
            if phase < stretch.phases
            else 0.0
            for phase in PHASES
        )


def tuple3(values: Iterable[float]) -> Three:
    """Three values, one for each phase."""
    one, two, three = values
    return one, two, three


def watts(amps: Three, volts: Three) -> float:
    """Power over the phases, the power factor taken as 1."""
    return sum(a * v for a, v in zip(amps, volts, strict=True))
