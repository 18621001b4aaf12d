"""What really happened to a charger in its week, and by when a bridge could know."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.plan import FAULTS

Interval = tuple[float, float]
PROMPT_SECONDS = 60.0
"""A state comes at once, or with the next document; a boot lies between them at most."""
FALLBACK_SECONDS = 160.0
"""75 s of silence, a look at the chargers, the first poll within 20 s, one that hit a boot."""
BACK_OFF_SECONDS = 950.0
"""The longest wait after polls that failed."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A charging session as the controller counted it; simulated times."""

    start: float
    end: float
    energy_wh: float


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as the controller had it; simulated times."""

    code: int
    start: float
    end: float


@dataclass(slots=True)
class Truth:
    """Fills while the charger lives; the intervals are those in which it could not be heard."""

    start_wh: float
    first_boots: int
    boots: int
    """The gateway's own count, which began long before."""
    happened: list[SimEvent] = field(default_factory=list)
    no_mqtt: list[Interval] = field(default_factory=list)
    no_web: list[Interval] = field(default_factory=list)
    frozen: list[Interval] = field(default_factory=list)
    absent: list[Interval] = field(default_factory=list)
    """The bridge did not run."""

    crashes: int = 0

    def visits(self) -> list[Visit]:
        """Those that began in the week and ended in it."""
        found, start = list[Visit](), None
        for one in self.happened:
            if one.kind is SimEventKind.SESSION_START:
                start = one.at
            elif one.kind is SimEventKind.SESSION_END and start is not None:
                found.append(Visit(start, one.at, float(one.values["energy_wh"])))
        return found

    def faults(self) -> list[Fault]:
        """Those of the week; the last may go on."""
        states = [one for one in self.happened if one.kind is SimEventKind.STATE]
        ends = [one.at for one in states[1:]] + [float("inf")]
        return [
            Fault(code, one.at, end)
            for one, end in zip(states, ends, strict=True)
            if (code := int(one.values["code"])) in FAULTS
        ]

    def must_be_heard(self, fault: Fault) -> bool:
        """False where it is chance: hidden for its whole length, or there when a run begins."""
        hidden = any(_around(fault.start, chain(self.absent, self.frozen, self.no_mqtt)))
        found = any(
            fault.start < end + PROMPT_SECONDS and start < fault.end for start, end in self.absent
        )
        return not found and not (hidden and self.known_by(fault.start) >= fault.end)

    def known_by(self, at: float) -> float:
        """The latest moment at which a bridge must know what happened at `at`."""
        for _, end in _around(at, chain(self.absent, self.frozen)):
            return self.known_by(end)
        for _, end in _around(at, self.no_mqtt):
            return min(self.known_by(end), self._polled_by(at))
        return at + PROMPT_SECONDS

    def _polled_by(self, at: float) -> float:
        by = at + FALLBACK_SECONDS
        for start, end in self.absent:
            if start < by and at < end:
                return self.known_by(end)
        for start, end in self.no_web:
            if start < by and at < end + BACK_OFF_SECONDS:
                return end + BACK_OFF_SECONDS
        return by


def _around(at: float, intervals: Iterable[Interval]) -> Iterable[Interval]:
    return ((start, end) for start, end in intervals if start <= at < end)
