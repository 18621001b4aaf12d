"""Portions: everyone has a turn in each round, and nobody is held up."""

import math
import time

from bridge.runtime.round_robin import Portions


def test_a_round_takes_everyone_once() -> None:
    portions = Portions(lambda: range(5))
    portions.rewind()
    assert list(portions.take(3, math.inf)) == [0, 1, 2]
    portions.rewind()
    assert list(portions.take(3, math.inf)) == [3, 4]
    assert not list(portions.take(3, math.inf))
    portions.rewind()
    assert list(portions.take(9, math.inf)) == [0, 1, 2, 3, 4]


def test_whoever_comes_in_a_round_is_in_the_next() -> None:
    everyone = [1, 2]
    portions = Portions(lambda: everyone)
    portions.rewind()
    assert list(portions.take(1, math.inf)) == [1]
    everyone.append(3)
    assert list(portions.take(9, math.inf)) == [2]
    portions.rewind()
    assert list(portions.take(9, math.inf)) == [1, 2, 3]


def test_a_portion_ends_with_its_time_and_the_next_goes_on() -> None:
    portions = Portions(lambda: range(1000))
    portions.rewind()
    taken = []
    for each in portions.take(1000, 0.02):
        taken.append(each)
        time.sleep(0.002)
    assert 0 < len(taken) < 100
    assert next(portions.take(1, 0)) == len(taken)


def test_a_portion_that_has_no_time_gets_on_nevertheless() -> None:
    portions = Portions(lambda: range(40))
    portions.rewind()
    assert sum(1 for _ in range(3) for _ in portions.take(40, 0)) == 40
