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
        wired = [
            _NOMINAL * (1 + 0.012 * sin(slow + phase) + 0.003 * sin(fast + 2 * phase))
            - _OHMS * amps[phase]
            for phase in PHASES[: self.phases]
        ]
        return _three(wired)

    def amps(self, at: float, since: float, stretch: Segment) -> Three:
        """The current `at - since` seconds into a segment."""
        share = min(1.0, max(0.0, (at - since) / stretch.seconds))
        level = stretch.start + (stretch.end - stretch.start) * share
        if level == 0:
            return 0.0, 0.0, 0.0
        angle = at / 53 + self.angle
        phases = PHASES[: stretch.phases]
        return _three([level * (1 + 0.006 * sin(angle + 2 * phase)) for phase in phases])


def watts(amps: Three, volts: Three) -> float:
    """Power over the phases, the power factor taken as 1."""
    return amps[0] * volts[0] + amps[1] * volts[1] + amps[2] * volts[2]


def _three(values: list[float]) -> Three:
    """The values of the first phases, and 0 for the others."""
    one, two, three = values if len(values) == 3 else [*values, 0.0, 0.0, 0.0][:3]
    return one, two, three
