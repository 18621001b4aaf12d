"""The measurements of a charge controller."""

from dataclasses import dataclass

from bridge.sim.mains import Three


@dataclass(frozen=True, slots=True)
class Reading:
    """The measurements at one moment; temperature is tenths of a degree above ambient."""

    state: int
    pilot: int
    amps: Three
    volts: Three
    total_wh: float
    wattsec: int
    elapsed: int
    warmth: float
