"""The watch on the clock: what it counts, logs and believes."""

from collections.abc import Mapping

import pytest
import structlog
from structlog.testing import capture_logs

from bridge.core.clock import Steady
from bridge.logs import RepeatedLog
from bridge.monitoring.clock_watch import ClockWatch, Reference
from bridge.runtime.clock import PlausibleClock
from bridge.runtime.kernel_clock import KernelClock
from tests.runtime.test_clock import LAST, System

DAY = 86_400.0


def watch(
    system: System,
    *,
    last: float = LAST,
    references: Mapping[str, Reference] | None = None,
    kernel: KernelClock | None = None,
) -> ClockWatch:
    return ClockWatch(
        PlausibleClock(system, last), known_unix=last, last_unix=last,
        references=references or {}, repeated_log=RepeatedLog(structlog.get_logger()),
        kernel=lambda: kernel,
    )  # fmt: skip


def test_a_step_back_is_logged_and_counted_once() -> None:
    system = System(LAST + 40 * DAY)
    watching = watch(system)
    with capture_logs() as lines:
        system.wait(10)
        assert watching.observe(system()) is None
        system.unix -= 40 * DAY
        step = watching.observe(system())
        assert watching.observe(system()) is None
    assert step is not None
    assert (step.seconds, watching.steps) == (-40 * DAY, 1)
    assert [(each["event"], each["seconds"]) for each in lines] == [("clock.stepped", -40 * DAY)]


def test_data_from_the_future_at_the_start_is_a_step_too() -> None:
    with capture_logs() as lines:
        assert watch(System(LAST - 7200)).steps == 1
    assert lines[0]["seconds"] == -7200
    assert watch(System(LAST - 30)).steps == 0
    assert watch(System(LAST + 30 * DAY)).steps == 0


def test_time_with_a_clock_that_is_not_set_is_counted() -> None:
    system = System(3.0)
    with capture_logs() as lines:
        watching = watch(system)
    assert lines[0]["event"] == "clock.not_set"
    clock = PlausibleClock(system, LAST)
    system.wait(20)
    watching.observe(clock())
    system.wait(10)
    system.unix = LAST + 9000
    step = watching.observe(clock())
    assert step is not None
    assert (round(step.seconds), watching.steps) == (9000 - 30, 1)
    assert watching.estimated_seconds == 20


@pytest.mark.parametrize(
    ("references", "kernel", "believed"),
    [
        ({}, None, False),
        ({}, KernelClock(False, 0.0), False),
        ({}, KernelClock(True, 0.001), True),
        ({"store": lambda since: 0.0}, None, True),
        ({"store": lambda since: 40 * DAY}, None, False),
        ({"store": lambda since: None, "chargers": lambda since: -2.0}, None, True),
    ],
)
def test_a_clock_far_ahead_deletes_only_where_another_clock_confirms_it(
    references: Mapping[str, Reference], kernel: KernelClock | None, believed: bool
) -> None:
    system = System(LAST + 40 * DAY)
    watching = watch(system, references=references, kernel=kernel)
    system.wait(60)
    assert watching.deletion_unix() == LAST + 60 + (40 * DAY if believed else 0)


def test_offsets_of_more_than_five_seconds_are_logged() -> None:
    references: Mapping[str, Reference] = {
        "store": lambda since: 91.0, "chargers": lambda since: 4.0, "none": lambda since: None,
    }  # fmt: skip
    watching = watch(System(LAST), references=references, kernel=KernelClock(True, 0.5))
    assert watching.offsets() == {"store": 91.0, "chargers": 4.0, "kernel": 0.5}
    with capture_logs() as lines:
        watching.report()
    assert [(each["event"], each["reference"], each["seconds"]) for each in lines] == [
        ("clock.differs", "store", 91.0)
    ]


def test_a_kernel_that_cannot_be_asked_is_left_out() -> None:
    watching = watch(System(LAST))
    assert (watching.offsets(), watching.synchronised()) == ({}, {})
    unsynchronised = watch(System(LAST), kernel=KernelClock(False, 3.0))
    assert (unsynchronised.offsets(), unsynchronised.synchronised()) == ({}, {"kernel": 0})


def test_what_was_measured_before_a_step_confirms_nothing_after_it() -> None:
    system = System(LAST)
    measured = [system.steady + 1]

    def store(since: Steady) -> float | None:
        return 0.0 if measured[0] >= since else None

    watching = watch(system, references={"store": store})
    system.wait(10)
    watching.observe(system())
    assert watching.offsets() == {"store": 0.0}
    system.unix += 40 * DAY
    system.wait(1)
    watching.observe(system())
    assert watching.offsets() == {}
    assert watching.deletion_unix() == LAST + 11
    measured[0] = system.steady
    assert watching.offsets() == {"store": 0.0}
