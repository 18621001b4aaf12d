"""One rendering at a time, shared by all who asked for the same before it began.

Two hundred scrapers at once cost two renderings, not two hundred, and nobody gets a text
that is older than the question.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Printing(Generic[K, T]):
    """Makes what is asked for, in turn."""

    def __init__(self, make: Callable[[K], Awaitable[T]]) -> None:
        self._make = make
        self._turn = asyncio.Lock()
        self._asked: dict[K, asyncio.Task[T]] = {}

    async def get(self, wanted: K) -> T:
        """Wait for the next rendering of this; one who leaves takes nothing from others."""
        task = self._asked.get(wanted)
        if task is None:
            task = asyncio.create_task(self._print(wanted), name="printing")
            self._asked[wanted] = task
        return await asyncio.shield(task)

    async def _print(self, wanted: K) -> T:
        async with self._turn:
            # Who asks from now on waits for the next one.
            del self._asked[wanted]
            return await self._make(wanted)
