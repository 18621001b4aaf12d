"""Steps of the wall clock, and the time by which old data may be deleted."""

from dataclasses import dataclass

from bridge.core.clock import STEP_SECONDS, Moment, Unix

AHEAD_SECONDS = 86_400.0
"""A clock further ahead of what was known is not believed without a confirmation."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A step in seconds, negative for one back. Unix times of this run, from `since` until
    `until` by the wrong clock, are off by it."""

    seconds: float
    since: Unix
    until: Unix

    def corrected(self, unix: Unix) -> Unix:
        """The time as the right clock would have shown it; times of earlier runs stay."""
        return Unix(unix + self.seconds) if self.since <= unix <= self.until else unix


class ClockSteps:
    """Compares the wall clock with the steady clock; `first` is the start of the run."""

    def __init__(self, first: Moment) -> None:
        self._offset = first.unix - first.steady
        self._since = first.unix

    def observe(self, now: Moment) -> ClockStep | None:
        """The step since the last call; None for none of more than a minute."""
        offset = now.unix - now.steady
        seconds, self._offset = offset - self._offset, offset
        if abs(seconds) <= STEP_SECONDS:
            return None
        step = ClockStep(seconds, self._since, Unix(now.unix - seconds))
        self._since = Unix(self._since + seconds)
        return step


class DeletionClock:
    """The time by which old data is deleted: a wrong clock must not delete anything.

    It goes on with the steady clock from the last time that was believed, which is saved. A
    wall clock that is ahead of it by more than a day is believed only where something else,
    as the kernel, a store or the chargers, confirms it; one that is behind always is.
    """

    def __init__(self, known_unix: float, start: Moment) -> None:
        self._offset = (known_unix or start.unix) - start.steady

    def at(self, now: Moment, *, confirmed: bool) -> Unix:
        """The believed time."""
        believed = now.steady + self._offset
        if not confirmed and now.unix > believed + AHEAD_SECONDS:
            return Unix(believed)
        self._offset = now.unix - now.steady
        return now.unix
