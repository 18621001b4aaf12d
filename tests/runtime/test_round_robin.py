"""Portions: everyone has a turn in each round, and nobody is held up."""

import math
import time

from bridge.runtime.round_robin import RoundRobin


def test_a_round_takes_everyone_once() -> None:
    portions = RoundRobin(lambda: range(5))
    portions.begin_round()
    assert list(portions.next(3, math.inf)) == [0, 1, 2]
    portions.begin_round()
    assert list(portions.next(3, math.inf)) == [3, 4]
    assert not list(portions.next(3, math.inf))
    portions.begin_round()
    assert list(portions.next(9, math.inf)) == [0, 1, 2, 3, 4]


def test_whoever_comes_in_a_round_is_in_the_next() -> None:
    everyone = [1, 2]
    portions = RoundRobin(lambda: everyone)
    portions.begin_round()
    assert list(portions.next(1, math.inf)) == [1]
    everyone.append(3)
    assert list(portions.next(9, math.inf)) == [2]
    portions.begin_round()
    assert list(portions.next(9, math.inf)) == [1, 2, 3]


def test_a_portion_ends_with_its_time_and_the_next_goes_on() -> None:
    portions = RoundRobin(lambda: range(1000))
    portions.begin_round()
    taken = []
    for each in portions.next(1000, 0.02):
        taken.append(each)
        time.sleep(0.002)
    assert 0 < len(taken) < 100
    assert next(portions.next(1, 0)) == len(taken)


def test_a_portion_that_has_no_time_gets_on_nevertheless() -> None:
    portions = RoundRobin(lambda: range(40))
    portions.begin_round()
    assert sum(1 for _ in range(3) for _ in portions.next(40, 0)) == 40
