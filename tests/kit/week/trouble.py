"""What befalls a charger in its week, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random

HOUR = 3600.0
WEEK = 168 * HOUR
_FIRST, _LAST = 1 * HOUR, 165 * HOUR
"""Calm before and after, so that every path is known and all ends are heard."""
STOP = (55 * HOUR + 17, 55 * HOUR + 257)
KILL = (111 * HOUR + 17, 111 * HOUR + 437)
"""The bridge's absences: the first is planned."""
_EARLY = 0.4
"""The part of its slot in which a trouble begins: the longest of them ends in the same slot."""


class Trouble(Enum):
    """The simulator's troubles, and what networks do besides."""

    REBOOT = "planned reboot"
    CRASH = "crash"
    CRASH_LOOP = "three crashes in a row"
    FREEZE = "controller hangs behind a live gateway"
    MUTE = "connected, but tells nothing"
    DROP = "connection broken off"
    OUT = "neither MQTT nor HTTP"
    DEAF_WEB = "no HTTP"


@dataclass(frozen=True, slots=True)
class Share:
    """How often in a week, and for how many seconds."""

    times: int
    shortest: float = 0.0
    longest: float = 0.0


TABLE: Mapping[Trouble, Share] = {
    Trouble.REBOOT: Share(4),
    Trouble.CRASH: Share(4),
    Trouble.CRASH_LOOP: Share(1),
    Trouble.FREEZE: Share(3, 90, 300),
    Trouble.MUTE: Share(3, 180, 4 * HOUR),
    Trouble.DROP: Share(3, 5, 60),
    Trouble.OUT: Share(3, 60, 900),
}
WEB = Share(3, 600, 2 * HOUR)
"""Beside the others and among them: it may hide a crash, or go with a silence."""


_BOOTS = (Trouble.REBOOT, Trouble.CRASH, Trouble.CRASH_LOOP)
_IN_ABSENCE = 0.5
"""How likely a charger boots while no bridge runs."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One trouble; `at` is simulated time."""

    at: float
    trouble: Trouble
    seconds: float


def strikes(rng: Random) -> list[Strike]:
    """A week's, in their order; apart from a few, one at a time."""
    troubles = [trouble for trouble, share in TABLE.items() for _ in range(share.times)]
    rng.shuffle(troubles)
    slot = (_LAST - _FIRST) / len(troubles)
    struck = [
        _struck(rng, trouble, _FIRST + slot * (place + _EARLY * rng.random()), TABLE[trouble])
        for place, trouble in enumerate(troubles)
    ]
    struck += [
        _struck(rng, Trouble.DEAF_WEB, rng.uniform(_FIRST, _LAST - WEB.longest), WEB)
        for _ in range(WEB.times)
    ]
    struck += [
        _struck(rng, rng.choice(_BOOTS), rng.uniform(*absence), Share(1))
        for absence in (STOP, KILL)
        if rng.random() < _IN_ABSENCE
    ]
    return sorted(struck, key=lambda strike: strike.at)


def _struck(rng: Random, trouble: Trouble, at: float, share: Share) -> Strike:
    return Strike(at, trouble, rng.uniform(share.shortest, share.longest))
