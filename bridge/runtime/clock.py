"""The clock of the running bridge."""

import time
from collections.abc import Callable

from bridge.core.clock import PLAUSIBLE_FROM, Moment, Steady

_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def steady() -> Steady:
    """Seconds that never go back and that count the time in which the host was suspended, where
    the system has such a clock."""
    return Steady(time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME))


def now() -> Moment:
    """This moment in Unix time and in steady time."""
    return Moment.of(time.time(), steady())


class PlausibleClock:
    """A clock whose Unix time is never before 2020.

    Until the system's clock is set, time goes on from the last one that is known of earlier
    runs, so that points are stored with increasing timestamps near the true time.
    """

    def __init__(self, system: Callable[[], Moment], known_unix: float) -> None:
        self._system = system
        self._offset = max(known_unix, PLAUSIBLE_FROM) - system().steady

    def __call__(self) -> Moment:
        moment = self._system()
        if moment.unix >= PLAUSIBLE_FROM:
            return moment
        return Moment.of(moment.steady + self._offset, moment.steady)

    @property
    def estimated(self) -> bool:
        """Whether the system's clock is not set."""
        return self._system().unix < PLAUSIBLE_FROM
