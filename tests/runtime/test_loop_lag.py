"""The event loop measures its longest turn."""

import asyncio
import time

from bridge.runtime.loop_lag import TurnLoop, longest_turn


def test_a_turn_that_takes_long_is_told_once() -> None:
    async def held_up() -> tuple[float, float]:
        await asyncio.sleep(0)
        longest_turn()
        time.sleep(0.06)  # noqa: ASYNC251  # this is the stall
        await asyncio.sleep(0)
        return longest_turn(), longest_turn()

    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        first, second = runner.run(held_up())
    assert first >= 0.06
    assert second < 0.06


def test_waiting_is_no_turn() -> None:
    async def idle() -> float:
        longest_turn()
        await asyncio.sleep(0.3)
        return longest_turn()

    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        assert runner.run(idle()) < 0.3


async def test_a_loop_that_does_not_measure_says_nothing() -> None:
    assert longest_turn() == 0
