"""The most energy that a charger can have delivered: by its current, phases and time.

Only the time counts in which it may have charged: in state 3, or unheard. A session's own time
and energy tell of charging before the bridge listened. What is unknown counts as the most.
"""

from bridge.core.clock import NEVER, Moment, Steady, Unix
from bridge.core.fields.states import CHARGING, NAMES, STARTING

MOST_AMPERES = 80.0
MOST_PHASES = 3
MOST_VOLTS = 300.0
"""The highest voltage that is plausible."""
MOST_WATTS = MOST_AMPERES * MOST_PHASES * MOST_VOLTS
MOST_SESSION_WH = 150_000.0
LAG_SECONDS = 60.0
"""Totals are refreshed every 12 s and sent every 30 s, and messages can be late."""
HEARD_SECONDS = 75.0
"""Without a message for longer, a charger was unheard."""
_IDLE = NAMES.keys() - {STARTING, CHARGING}
"""A starting gateway does not know the state."""


class Deliverable:
    """Adds up what one charger can have delivered; durations are of the steady clock, across a
    restart of the wall clock."""

    __slots__ = (
        "_amperes", "_charging", "_counted", "_elapsed", "_per_second", "_phases", "_session_wh",
        "_steady", "_unix", "_wh",
    )  # fmt: skip

    def __init__(self) -> None:
        self._unix = NEVER
        self._steady: Steady | None = None
        """The last update; None in a new run."""
        self._charging = True
        """Whether it may be charging; only a state can rule it out."""
        self._amperes = MOST_AMPERES
        self._phases = MOST_PHASES
        self._per_second = MOST_WATTS / 3600
        """The most in Wh per second that it can deliver while it charges."""
        self._wh = 0.0
        self._elapsed = self._session_wh = 0.0
        self._counted = 0.0
        """Seconds that were counted since the session's own time was read."""

    @property
    def lag_wh(self) -> float:
        """The most by which a total can be late."""
        return self._per_second * LAG_SECONDS

    def observe_state(self, code: int, now: Moment) -> None:
        """Record a state; a change between two polls may have come right after the first."""
        charging = code not in _IDLE
        self._charging = self._charging or charging
        self._pass(now)
        self._charging = charging

    def observe_supply(
        self, pilot: float | None, drawn: float, phases: int | None, now: Moment
    ) -> None:
        """Record the offered and the drawn current, in A; `phases`: None where unknown."""
        before, amperes = self._amperes, self._amperes
        if pilot is not None or drawn:
            amperes = min(MOST_AMPERES, max(pilot or 0.0, drawn) or MOST_AMPERES)
        phases = phases or self._phases
        if amperes == before and phases == self._phases:
            return
        # The change may have come right after the last update.
        self._supply(max(amperes, before), max(phases, self._phases))
        self._pass(now)
        self._supply(amperes, phases)

    def observe_session(self, elapsed: float, wh: float | None, now: Moment) -> None:
        """Record the session's own time and energy; not the zeros after a boot."""
        self._pass(now)
        unseen = _rise(self._elapsed, elapsed) - self._counted
        more = MOST_SESSION_WH if wh is None else _rise(self._session_wh, wh)
        self._wh += min(MOST_WATTS * max(0.0, unseen) / 3600, more, MOST_SESSION_WH)
        self._elapsed, self._counted = elapsed, 0.0
        self._session_wh = self._session_wh if wh is None else wh

    def take(self, now: Moment) -> float:
        """The most in Wh that it can have delivered since this was last called."""
        self._pass(now)
        wh, self._wh = self._wh, 0.0
        return wh

    def _supply(self, amperes: float, phases: int) -> None:
        self._amperes, self._phases = amperes, phases
        self._per_second = amperes * phases * MOST_VOLTS / 3600

    def _pass(self, now: Moment) -> None:
        if self._steady is None:
            seconds, unheard = now.unix - self._unix if self._unix else 0.0, True
        else:
            seconds = now.steady - self._steady
            unheard = seconds > HEARD_SECONDS
        if seconds > 0 and (unheard or self._charging):
            self._wh += (MOST_WATTS / 3600 if unheard else self._per_second) * seconds
            self._counted += seconds
        self._unix, self._steady = now.unix, now.steady

    def saved(self) -> list[float]:
        """What the state file keeps."""
        return [self._unix, self._wh, self._elapsed, self._session_wh, self._counted]

    def restore(self, saved: object, *, since: float, charged_s: float) -> None:
        """Continue from what an earlier run saved; one that saved nothing knew a total `since`
        then, and so many seconds of charging in the session."""
        if isinstance(saved, list) and len(saved) == 5:
            unix, *rest = (float(each) for each in saved)
            self._wh, self._elapsed, self._session_wh, self._counted = rest
        else:
            unix, self._wh = since, min(MOST_SESSION_WH, MOST_WATTS * charged_s / 3600)
        self._unix = Unix(unix)


def _rise(before: float, now: float) -> float:
    """How far a session's own number rose; a lower one is of a new session."""
    return now - before if now >= before else now
