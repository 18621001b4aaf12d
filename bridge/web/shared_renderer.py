"""One rendering at a time, shared by all requests that arrived before it started.

Two hundred scrapers at once cost two renderings, not two hundred, and nobody receives a
text that is older than the request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SharedRenderer(Generic[K, T]):
    """Renders one key after the other."""

    def __init__(self, render: Callable[[K], Awaitable[T]]) -> None:
        self._render = render
        self._lock = asyncio.Lock()
        self._pending: dict[K, asyncio.Task[T]] = {}

    async def get(self, key: K) -> T:
        """Wait for the next rendering of this key; cancelling it does not affect other waiters."""
        task = self._pending.get(key)
        if task is None:
            task = asyncio.create_task(self._render_next(key), name="rendering")
            self._pending[key] = task
        return await asyncio.shield(task)

    async def _render_next(self, key: K) -> T:
        async with self._lock:
            # Who asks from now on waits for the next one.
            del self._pending[key]
            return await self._render(key)
