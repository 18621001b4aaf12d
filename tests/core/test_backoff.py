"""Back-off: it doubles, it is bounded, it is spread, and a success ends it."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backoff import Backoff, grown


def test_a_wait_doubles_with_each_failure_up_to_a_bound() -> None:
    assert [grown(1.0, 60.0, failures) for failures in range(1, 9)] == [
        1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0,
    ]  # fmt: skip


def test_before_the_first_failure_the_wait_is_the_first_one() -> None:
    assert grown(3.0, 60.0, 0) == grown(3.0, 60.0, -5) == 3.0


def test_failures_without_end_do_not_overflow() -> None:
    assert grown(0.5, 900.0, 10**9) == 900.0


def test_full_jitter_may_take_the_whole_wait_away() -> None:
    assert Backoff(lambda: 0.0, first=4.0).next() == 0.0
    assert Backoff(lambda: 1.0, first=4.0).next() == 4.0


def test_half_of_a_wait_stands_with_a_jitter_of_a_half() -> None:
    assert Backoff(lambda: 0.0, first=4.0, jitter=0.5).next() == 2.0
    assert Backoff(lambda: 1.0, first=4.0, jitter=0.5).next() == 4.0


def test_what_the_other_side_asked_for_is_waited_first() -> None:
    assert Backoff(lambda: 1.0, first=1.0).next(at_least=30.0) == 31.0


def test_a_success_makes_the_next_wait_small_again() -> None:
    backoff = Backoff(lambda: 1.0, first=1.0, most=60.0)
    assert [backoff.next() for _ in range(3)] == [1.0, 2.0, 4.0]
    backoff.reset()
    assert backoff.next() == 1.0


@given(
    failures=st.integers(min_value=1, max_value=100),
    chance=st.floats(min_value=0, max_value=1),
    jitter=st.floats(min_value=0, max_value=1),
)
def test_a_wait_is_never_negative_nor_beyond_the_bound(
    failures: int, chance: float, jitter: float
) -> None:
    backoff = Backoff(lambda: chance, first=0.5, most=60.0, jitter=jitter)
    waits = [backoff.next() for _ in range(failures)]
    assert all(0 <= wait <= 60.0 for wait in waits)
