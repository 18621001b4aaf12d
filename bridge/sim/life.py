"""The life of one charge controller: states, energy, trips. No clock, no network.

The course depends on the generator alone, never on how often one looks: the meter steps on a
grid of its own, and everything between two steps is computed without being kept.
"""

from collections import deque
from dataclasses import replace
from math import exp
from random import Random

from bridge.sim.happening import Happening, Kind
from bridge.sim.mains import Mains, watts
from bridge.sim.meter import Meter
from bridge.sim.plan import (
    CHARGING,
    FAULTS,
    NOT_CONNECTED,
    Outlet,
    Stretch,
    Temper,
    draw_visit,
)
from bridge.sim.reading import Reading
from bridge.sim.trips import Trips

_STEP = 5.0
_WARMING_SECONDS = 900.0
_DEGREES_PER_AMP = 0.35


class Life:
    """Starts in the past, so that a fleet is found amid all that chargers do."""

    def __init__(self, *, rng: Random, temper: Temper, outlet: Outlet) -> None:
        self._rng = rng
        self._temper = temper
        self._outlet = outlet
        self._mains = Mains(phases=outlet.phases, angle=rng.uniform(0, 6.28))
        self.meter = Meter(total_wh=10 ** rng.uniform(3.5, 7.6))
        self.trips = Trips.drawn(rng)
        self._plan: deque[Stretch] = deque()
        self._stretch = Stretch(NOT_CONNECTED, 1.0, outlet.amps)
        self._since = self._metered = -rng.uniform(1.0, 7200.0)
        self._warmth = 0.0
        self._session_since: float | None = None
        self.advance(0.0)

    @property
    def next_change(self) -> float:
        """When the present stretch ends."""
        return self._since + self._stretch.seconds

    def advance(self, now: float) -> list[Happening]:
        """Live on until `now`; what happened, in its order."""
        happened: list[Happening] = []
        while (change := self.next_change) <= now:
            self._measure(change)
            self._commit(change)
            happened += self._enter(self._draw(), change)
        self._measure(now)
        return happened

    def break_off(self, at: float, state: int, seconds: float) -> None:
        """End the present stretch now, for one in another state; then the plan goes on."""
        self._stretch = replace(self._stretch, seconds=at - self._since)
        self._plan.appendleft(Stretch(state, seconds, self._stretch.pilot))

    def reading(self, at: float) -> Reading:
        """The present, as far as `advance` has lived; later moments show its last stretch's end."""
        at = min(max(at, self._metered), self.next_change)
        meter = replace(self.meter)
        meter.add(*self._flow(at))
        amps = self._mains.amps(at, self._since, self._stretch)
        return Reading(
            state=self._stretch.state,
            pilot=self._stretch.pilot,
            amps=amps,
            volts=self._mains.volts(at, amps),
            total_wh=meter.total_wh,
            wattsec=meter.wattsec,
            elapsed=int(meter.elapsed),
            warmth=self._warmth_at(at),
        )

    def _draw(self) -> Stretch:
        if not self._plan:
            self._plan.extend(draw_visit(self._rng, self._temper, self._outlet))
        return self._plan.popleft()

    def _measure(self, until: float) -> None:
        """Commit the steps of the grid that are complete."""
        while self._stretch.state == CHARGING and self._metered + _STEP <= until:
            self._commit(self._metered + _STEP)

    def _commit(self, until: float) -> None:
        self.meter.add(*self._flow(until))
        self._metered = until

    def _flow(self, until: float) -> tuple[float, float]:
        """Joules and seconds of charging since the last committed step."""
        if self._stretch.state != CHARGING:
            return 0.0, 0.0
        seconds = until - self._metered
        return (self._power(self._metered) + self._power(until)) / 2 * seconds, seconds

    def _power(self, at: float) -> float:
        amps = self._mains.amps(at, self._since, self._stretch)
        return watts(amps, self._mains.volts(at, amps))

    def _enter(self, stretch: Stretch, at: float) -> list[Happening]:
        before, self._warmth = self._stretch, self._warmth_at(at)
        self._stretch, self._since = stretch, at
        happened = []
        if stretch.state != before.state:
            happened += self._changed(stretch.state, at)
        if stretch.pilot != before.pilot or (stretch.start == 0 < stretch.end):
            happened.append(Happening(at, Kind.LIMITS, {"pilot": stretch.pilot}))
        return happened

    def _changed(self, state: int, at: float) -> list[Happening]:
        happened = [Happening(at, Kind.STATE, {"code": state})]
        if state in FAULTS:
            self.trips.count(state)
            happened.append(Happening(at, Kind.FAULT, {"code": state}))
        if state == CHARGING and self._session_since is None:
            self.meter.begin_session()
            self._session_since = at
            happened.append(Happening(at, Kind.SESSION_START))
        if state == NOT_CONNECTED and self._session_since is not None:
            happened.append(self._session_end(self._session_since, at))
            self._session_since = None
        return happened

    def _session_end(self, since: float, at: float) -> Happening:
        values = {
            "energy_wh": self.meter.session_wh,
            "charging_s": self.meter.elapsed,
            "plugged_s": at - since,
        }
        return Happening(at, Kind.SESSION_END, values)

    def _warmth_at(self, at: float) -> float:
        load = (self._stretch.start + self._stretch.end) / 2 * self._stretch.phases
        target = load * _DEGREES_PER_AMP * 10
        return target + (self._warmth - target) * exp(-(at - self._since) / _WARMING_SECONDS)
