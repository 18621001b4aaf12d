"""The controller's trip counters: one byte each, so they stop at 255."""

from dataclasses import dataclass
from random import Random

from bridge.sim.plan import GFCI_FAULT, NO_GROUND, STUCK_RELAY

LARGEST = 255
_OLD_CHARGER = 1 / 20


@dataclass(slots=True)
class TripCounts:
    """GFCI, missing ground and stuck relay."""

    gfci: int = 0
    no_ground: int = 0
    stuck_relay: int = 0

    @classmethod
    def drawn(cls, rng: Random) -> "TripCounts":
        """Random lifetime counts; some nearly at their maximum."""
        if rng.random() < _OLD_CHARGER:
            return cls(gfci=LARGEST - rng.randint(0, 3), no_ground=LARGEST)
        return cls(gfci=rng.randint(0, 9), no_ground=rng.randint(0, 4))

    def count(self, fault: int) -> None:
        """Count a fault that has a counter."""
        if fault == GFCI_FAULT:
            self.gfci = min(LARGEST, self.gfci + 1)
        elif fault == NO_GROUND:
            self.no_ground = min(LARGEST, self.no_ground + 1)
        elif fault == STUCK_RELAY:
            self.stuck_relay = min(LARGEST, self.stuck_relay + 1)
