"""Steps of the wall clock, and what is deleted by it."""

import pytest

from bridge.core.clock import NEVER, Moment, Unix
from bridge.core.clock_steps import ClockStep, ClockSteps, DeletionClock

DAY = 86_400.0
NOW = 1_790_000_000.0


def test_a_step_of_more_than_a_minute_is_noticed_once() -> None:
    steps = ClockSteps(Moment.of(NOW + 40 * DAY, 100))
    assert steps.observe(Moment.of(NOW + 40 * DAY + 5, 105)) is None
    step = steps.observe(Moment.of(NOW + 6, 106))
    assert step is not None
    assert step.seconds == -40 * DAY
    assert steps.observe(Moment.of(NOW + 7, 107)) is None


@pytest.mark.parametrize("seconds", [-59.0, 59.0, 0.2])
def test_a_small_correction_is_no_step(seconds: float) -> None:
    steps = ClockSteps(Moment.of(NOW, 100))
    assert steps.observe(Moment.of(NOW + 1 + seconds, 101)) is None


def test_a_week_of_suspension_is_no_step() -> None:
    steps = ClockSteps(Moment.of(NOW, 100))
    assert steps.observe(Moment.of(NOW + 7 * DAY, 100 + 7 * DAY)) is None


def test_times_of_the_wrong_clock_are_corrected_and_those_of_earlier_runs_stay() -> None:
    steps = ClockSteps(Moment.of(NOW + 40 * DAY, 0))
    step = steps.observe(Moment.of(NOW + 60, 60))
    assert step is not None
    assert step.corrected(Unix(NOW + 40 * DAY + 30)) == NOW + 30
    assert step.corrected(Unix(NOW - 3600)) == Unix(NOW - 3600)
    assert step.corrected(NEVER) == NEVER


def test_a_second_step_corrects_what_the_first_one_left() -> None:
    steps = ClockSteps(Moment.of(NOW + 100, 0))
    steps.observe(Moment.of(NOW + 10 + 7200, 10))
    second = steps.observe(Moment.of(NOW + 20, 20))
    assert second == ClockStep(-7200.0, Unix(NOW + 7200), Unix(NOW + 20 + 7200))


def test_nothing_is_deleted_by_a_clock_that_is_far_ahead() -> None:
    deletion = DeletionClock(NOW, Moment.of(NOW + 40 * DAY, 0))
    assert deletion.at(Moment.of(NOW + 40 * DAY + 60, 60), confirmed=False) == NOW + 60
    assert deletion.at(Moment.of(NOW + 90, 90), confirmed=False) == NOW + 90


def test_a_clock_that_jumps_ahead_within_a_run_deletes_nothing_either() -> None:
    deletion = DeletionClock(0.0, Moment.of(NOW, 0))
    assert deletion.at(Moment.of(NOW + 5, 5), confirmed=False) == NOW + 5
    assert deletion.at(Moment.of(NOW + 400 * DAY, 10), confirmed=False) == NOW + 10


def test_after_long_downtime_a_confirmed_clock_is_believed() -> None:
    deletion = DeletionClock(NOW, Moment.of(NOW + 40 * DAY, 0))
    late = Moment.of(NOW + 40 * DAY + 60, 60)
    assert deletion.at(late, confirmed=True) == late.unix
    assert deletion.at(Moment.of(late.unix + 1, 61), confirmed=False) == late.unix + 1


def test_a_short_downtime_needs_no_confirmation() -> None:
    deletion = DeletionClock(NOW, Moment.of(NOW + 0.9 * DAY, 0))
    assert deletion.at(Moment.of(NOW + 0.9 * DAY, 0), confirmed=False) == NOW + 0.9 * DAY


def test_a_clock_before_2020_deletes_nothing() -> None:
    deletion = DeletionClock(NOW, Moment.of(1000, 0))
    assert deletion.at(Moment.of(1060, 60), confirmed=False) == Unix(1060)
