"""Measures how long the running event loop is held by one turn of its callbacks."""

import asyncio
import gc
import time
from types import TracebackType
from typing import Any, Self


class Turns:
    """The longest turn within the block, in seconds of this thread's CPU time.

    CPU time, because the wall's clock also counts what other programs take of the machine.
    The garbage collector is kept away: it runs when it likes, not where something is slow.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.count = 0
        loop: Any = asyncio.get_running_loop()
        self._selector = loop._selector
        self._began = time.thread_time()

    def __enter__(self) -> Self:
        wait = self._selector.select

        def select(timeout: float | None = None) -> Any:
            self._end()
            found = wait(timeout)
            self._began = time.thread_time()
            return found

        gc.disable()
        self._selector.select = select
        self._began = time.thread_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del self._selector.select
        gc.enable()
        self._end()

    def _end(self) -> None:
        self.count += 1
        self.longest = max(self.longest, time.thread_time() - self._began)
