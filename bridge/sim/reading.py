"""What a charge controller measures."""

from dataclasses import dataclass

from bridge.sim.mains import Three


@dataclass(frozen=True, slots=True)
class Reading:
    """What the controller measures at one moment; temperature is tenths of a degree above air."""

    state: int
    pilot: int
    amps: Three
    volts: Three
    total_wh: float
    wattsec: int
    elapsed: int
    warmth: float
