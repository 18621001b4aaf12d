"""Rounds: each item is returned once in each round, in short slices of time."""

import math
import time

from bridge.runtime.round_robin import RoundRobin


def test_a_round_returns_every_item_once() -> None:
    rounds = RoundRobin(lambda: range(5))
    rounds.begin_round()
    assert list(rounds.next(3, math.inf)) == [0, 1, 2]
    rounds.begin_round()
    assert list(rounds.next(3, math.inf)) == [3, 4]
    assert not list(rounds.next(3, math.inf))
    rounds.begin_round()
    assert list(rounds.next(9, math.inf)) == [0, 1, 2, 3, 4]


def test_an_item_that_is_added_in_a_round_is_in_the_next() -> None:
    items = [1, 2]
    rounds = RoundRobin(lambda: items)
    rounds.begin_round()
    assert list(rounds.next(1, math.inf)) == [1]
    items.append(3)
    assert list(rounds.next(9, math.inf)) == [2]
    rounds.begin_round()
    assert list(rounds.next(9, math.inf)) == [1, 2, 3]


def test_a_slice_ends_with_its_time_and_the_next_continues() -> None:
    rounds = RoundRobin(lambda: range(1000))
    rounds.begin_round()
    returned = []
    for each in rounds.next(1000, 0.02):
        returned.append(each)
        time.sleep(0.002)
    assert 0 < len(returned) < 100
    assert next(rounds.next(1, 0)) == len(returned)


def test_a_slice_without_time_still_makes_progress() -> None:
    rounds = RoundRobin(lambda: range(40))
    rounds.begin_round()
    assert sum(1 for _ in range(3) for _ in rounds.next(40, 0)) == 40
