"""Random visits of cars to a charger, as segments of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

NOT_CONNECTED = 1
CONNECTED = 2
CHARGING = 3
GFCI_FAULT = 6
NO_GROUND = 7
STUCK_RELAY = 8
SLEEPING = 254
DISABLED = 255
FAULTS = range(4, 18)


@dataclass(frozen=True, slots=True)
class Segment:
    """Time in one state; the current of each phase changes linearly from start to end."""

    state: int
    seconds: float
    pilot: int
    start: float = 0.0
    end: float = 0.0
    phases: int = 0


@dataclass(frozen=True, slots=True)
class Outlet:
    """The installation's limits."""

    amps: int
    phases: int


@dataclass(frozen=True, slots=True)
class FleetUsage:
    """How busy a fleet is, and how often faults occur; ranges are seconds."""

    idle: tuple[float, float] = (300.0, 3600.0)
    charge: tuple[float, float] = (900.0, 5400.0)
    fault_chance: float = 0.0
    phases: tuple[int, ...] = (1, 3, 3)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault code and how long it stays; the controller retries some within seconds."""

    code: int
    shortest: float
    longest: float
    weight: int


FAULT_TABLE = (
    Fault(GFCI_FAULT, 1, 5, 8),
    Fault(NO_GROUND, 1, 5, 5),
    Fault(GFCI_FAULT, 60, 300, 2),
    Fault(STUCK_RELAY, 60, 1200, 2),
    Fault(4, 20, 120, 1),
    Fault(5, 2, 20, 2),
    Fault(9, 10, 60, 1),
    Fault(10, 300, 1500, 2),
    Fault(11, 5, 60, 2),
    Fault(12, 5, 20, 1),
    Fault(14, 10, 60, 1),
    Fault(15, 5, 30, 1),
    Fault(16, 5, 30, 1),
    Fault(17, 30, 90, 1),
)
_PILOTS = (6, 10, 13, 16, 20, 24, 32)
_TAPER = (0.7, 0.45, 0.25, 0.12)


def random_visit(rng: Random, temper: FleetUsage, outlet: Outlet) -> list[Segment]:
    """From an empty charger until the car leaves."""
    idle = Segment(NOT_CONNECTED, rng.uniform(*temper.idle), outlet.amps)
    visit = [idle]
    if rng.random() < temper.fault_chance / 2:
        visit += [_fault(rng, outlet.amps), idle]
    visit.append(Segment(CONNECTED, rng.uniform(3, 60), outlet.amps))
    visit += _charging(rng, temper, outlet)
    return visit


def _charging(rng: Random, temper: FleetUsage, outlet: Outlet) -> Iterator[Segment]:
    phases = rng.choice((1, outlet.phases, outlet.phases))
    appetite = rng.choice((10, 16, 16, 32, 32)) * 0.97
    pieces = rng.randint(1, 4)
    seconds = rng.uniform(*temper.charge) / pieces
    amps, pilot = 0.0, outlet.amps
    for _ in range(pieces):
        wanted = min(appetite, pilot * 0.98)
        yield Segment(CHARGING, rng.uniform(6, 25), pilot, amps, wanted, phases)
        yield Segment(CHARGING, seconds, pilot, wanted, wanted, phases)
        amps = wanted
        if (broken := _interruption(rng, temper, pilot)) is not None:
            yield broken
            amps = 0.0
        elif rng.random() < 0.5:
            pilot = rng.choice([p for p in _PILOTS if p <= outlet.amps])
    yield from _ending(rng, pilot, min(appetite, pilot * 0.98), amps, phases)


def _interruption(rng: Random, temper: FleetUsage, pilot: int) -> Segment | None:
    if rng.random() < temper.fault_chance:
        return _fault(rng, pilot)
    if rng.random() < 0.25:
        return Segment(rng.choice((CONNECTED, SLEEPING, DISABLED)), rng.uniform(30, 600), pilot)
    return None


def _fault(rng: Random, pilot: int) -> Segment:
    fault = rng.choices(FAULT_TABLE, [f.weight for f in FAULT_TABLE])[0]
    return Segment(fault.code, rng.uniform(fault.shortest, fault.longest), pilot)


def _ending(rng: Random, pilot: int, wanted: float, amps: float, phases: int) -> Iterator[Segment]:
    """The battery becomes full and the car stays a while; one in seven is unplugged early."""
    yield Segment(CHARGING, rng.uniform(6, 25), pilot, amps, wanted, phases)
    if rng.random() < 1 / 7:
        return
    step = rng.uniform(60, 240)
    for share in _TAPER:
        yield Segment(CHARGING, step, pilot, wanted, wanted * share, phases)
        wanted *= share
    yield Segment(CONNECTED, rng.uniform(30, 1200), pilot)
