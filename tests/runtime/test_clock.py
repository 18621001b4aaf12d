"""The clock of the running bridge, on a machine whose clock is not set too."""

import time

from bridge.core.clock import PLAUSIBLE_FROM, Moment
from bridge.runtime import clock
from bridge.runtime.clock import PlausibleClock
from bridge.runtime.kernel_clock import kernel_clock

LAST = 1_790_000_000.0


class System:
    """A system's clock that the test turns."""

    def __init__(self, unix: float) -> None:
        self.unix, self.steady = unix, 50.0

    def __call__(self) -> Moment:
        return Moment.of(self.unix, self.steady)

    def wait(self, seconds: float) -> None:
        self.unix += seconds
        self.steady += seconds


def test_the_steady_clock_counts_suspension_where_the_system_can() -> None:
    source = getattr(time, "CLOCK_BOOTTIME", None)
    before = time.monotonic() if source is None else time.clock_gettime(source)
    assert 0 <= clock.now().steady - before < 60


def test_a_clock_that_is_set_is_taken_as_it_is() -> None:
    system = System(LAST + 5)
    plausible = PlausibleClock(system, LAST + 1000)
    assert (plausible(), plausible.estimated) == (system(), False)


def test_before_2020_time_goes_on_from_the_last_one_known() -> None:
    system = System(3.0)
    plausible = PlausibleClock(system, LAST)
    system.wait(20)
    assert (plausible().unix, plausible.estimated) == (LAST + 20, True)
    system.unix = LAST + 9000
    assert (plausible().unix, plausible.estimated) == (LAST + 9000, False)


def test_a_first_start_before_2020_begins_with_2020() -> None:
    system = System(3.0)
    plausible = PlausibleClock(system, 0.0)
    system.wait(1)
    assert plausible().unix == PLAUSIBLE_FROM + 1


def test_the_kernels_clock_is_known_or_not_and_nothing_fails() -> None:
    found = kernel_clock()
    assert found is None or abs(found.offset) < 10
