"""Simulates one charge controller: states, energy, trips. No clock, no network.

The simulation depends only on the random generator, not on how often it is read: the meter
advances in fixed steps, and values between two steps are computed without being stored.
"""

from collections import deque
from dataclasses import replace
from math import exp
from random import Random

from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.mains import Mains, watts
from bridge.sim.meter import Meter
from bridge.sim.plan import (
    CHARGING,
    FAULTS,
    NOT_CONNECTED,
    FleetUsage,
    Outlet,
    Segment,
    random_visit,
)
from bridge.sim.reading import Reading
from bridge.sim.trips import TripCounts

_STEP = 5.0
_WARMING_SECONDS = 900.0
_DEGREES_PER_AMP = 0.35


class SimController:
    """Starts in the past, so that a fleet is in various states at the start."""

    def __init__(self, *, rng: Random, temper: FleetUsage, outlet: Outlet) -> None:
        self._rng = rng
        self._temper = temper
        self._outlet = outlet
        self._mains = Mains(phases=outlet.phases, angle=rng.uniform(0, 6.28))
        self.meter = Meter(total_wh=10 ** rng.uniform(3.5, 7.6))
        self.trips = TripCounts.drawn(rng)
        self._plan: deque[Segment] = deque()
        self._segment = Segment(NOT_CONNECTED, 1.0, outlet.amps)
        self._since = self._metered = -rng.uniform(1.0, 7200.0)
        self._warmth = 0.0
        self._session_since: float | None = None
        self.advance(0.0)

    @property
    def next_change(self) -> float:
        """When the present segment ends."""
        return self._since + self._segment.seconds

    def advance(self, now: float) -> list[SimEvent]:
        """Advance to `now`; returns the events in order."""
        happened: list[SimEvent] = []
        while (change := self.next_change) <= now:
            self._measure(change)
            self._commit(change)
            happened += self._enter_segment(self._draw(), change)
        self._measure(now)
        return happened

    def interrupt(self, at: float, state: int, seconds: float) -> None:
        """Replace the rest of the segment by one in another state, then continue the plan."""
        self._segment = replace(self._segment, seconds=at - self._since)
        self._plan.appendleft(Segment(state, seconds, self._segment.pilot))

    def reading(self, at: float) -> Reading:
        """The values at `at`, limited to the end of the present segment."""
        at = min(max(at, self._metered), self.next_change)
        meter = self.meter.after(*self._flow(at))
        amps = self._mains.amps(at, self._since, self._segment)
        return Reading(
            state=self._segment.state,
            pilot=self._segment.pilot,
            amps=amps,
            volts=self._mains.volts(at, amps),
            total_wh=meter.total_wh,
            wattsec=meter.wattsec,
            elapsed=int(meter.elapsed),
            warmth=self._warmth_at(at),
        )

    def _draw(self) -> Segment:
        if not self._plan:
            self._plan.extend(random_visit(self._rng, self._temper, self._outlet))
        return self._plan.popleft()

    def _measure(self, until: float) -> None:
        """Commit the steps of the grid that are complete."""
        if self._segment.state != CHARGING or self._metered + _STEP > until:
            return
        begin = self._power(self._metered)
        while (step := self._metered + _STEP) <= until:
            end, seconds = self._power(step), step - self._metered
            self.meter.add((begin + end) / 2 * seconds, seconds)
            self._metered, begin = step, end

    def _commit(self, until: float) -> None:
        self.meter.add(*self._flow(until))
        self._metered = until

    def _flow(self, until: float) -> tuple[float, float]:
        """Joules and seconds of charging since the last committed step."""
        if self._segment.state != CHARGING:
            return 0.0, 0.0
        seconds = until - self._metered
        return (self._power(self._metered) + self._power(until)) / 2 * seconds, seconds

    def _power(self, at: float) -> float:
        amps = self._mains.amps(at, self._since, self._segment)
        return watts(amps, self._mains.volts(at, amps))

    def _enter_segment(self, stretch: Segment, at: float) -> list[SimEvent]:
        before, self._warmth = self._segment, self._warmth_at(at)
        self._segment, self._since = stretch, at
        happened = []
        if stretch.state != before.state:
            happened += self._changed(stretch.state, at)
        if stretch.pilot != before.pilot or (stretch.start == 0 < stretch.end):
            happened.append(SimEvent(at, SimEventKind.LIMITS, {"pilot": stretch.pilot}))
        return happened

    def _changed(self, state: int, at: float) -> list[SimEvent]:
        happened = [SimEvent(at, SimEventKind.STATE, {"code": state})]
        if state in FAULTS:
            self.trips.count(state)
            happened.append(SimEvent(at, SimEventKind.FAULT, {"code": state}))
        if state == CHARGING and self._session_since is None:
            self.meter.begin_session()
            self._session_since = at
            happened.append(SimEvent(at, SimEventKind.SESSION_START))
        if state == NOT_CONNECTED and self._session_since is not None:
            happened.append(self._session_end(self._session_since, at))
            self._session_since = None
        return happened

    def _session_end(self, since: float, at: float) -> SimEvent:
        values = {
            "energy_wh": self.meter.session_wh,
            "charging_s": self.meter.elapsed,
            "plugged_s": at - since,
        }
        return SimEvent(at, SimEventKind.SESSION_END, values)

    def _warmth_at(self, at: float) -> float:
        load = (self._segment.start + self._segment.end) / 2 * self._segment.phases
        target = load * _DEGREES_PER_AMP * 10
        return target + (self._warmth - target) * exp(-(at - self._since) / _WARMING_SECONDS)
