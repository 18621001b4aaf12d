"""Fluctuating voltage and current: pure functions of time, so that energy is their integral."""

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
        slow, fast = at / 900 + self.angle, at / 37 + 2 * self.angle
        one, two, three = (
            _NOMINAL * (1 + 0.012 * sin(slow + phase) + 0.003 * sin(fast + 2 * phase))
            - _OHMS * amps[phase]
            if phase < self.phases
            else 0.0
            for phase in PHASES
        )
        return one, two, three

    def amps(self, at: float, since: float, stretch: Segment) -> Three:
        """The current `at - since` seconds into a segment."""
        share = min(1.0, max(0.0, (at - since) / stretch.seconds))
        level = stretch.start + (stretch.end - stretch.start) * share
        if level == 0:
            return 0.0, 0.0, 0.0
        angle = at / 53 + self.angle
        one, two, three = (
            level * (1 + 0.006 * sin(angle + 2 * phase)) if phase < stretch.phases else 0.0
            for phase in PHASES
        )
        return one, two, three


def watts(amps: Three, volts: Three) -> float:
    """Power over the phases, the power factor taken as 1."""
    return sum(a * v for a, v in zip(amps, volts, strict=True))
