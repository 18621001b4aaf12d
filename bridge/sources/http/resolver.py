"""Resolves host names, off the event loop."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

from bridge.core.errors import SYSTEM_FAILURES
from bridge.core.polling.address import Ip, parse_ip

MOST_AT_ONCE = 32
MOST_REMEMBERED = 20_000


def look_up(host: str) -> tuple[Ip, ...]:
    """All addresses of a name from the system's resolver; blocks, for long if it is unavailable."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    texts = dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found)
    return tuple(ip for text in texts if (ip := parse_ip(text)) is not None)


class Resolver:
    """A few look-ups at once, each in a thread of its own, because none can be cancelled.

    Look-ups of names without an address may be slow and many: a quarter of the threads is
    reserved for names that had an address the last time.
    """

    def __init__(
        self,
        look_up: Callable[[str], tuple[Ip, ...]] = look_up,
        *,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._look_up = look_up
        self._threads = asyncio.Semaphore(most_at_once)
        self._unproven_threads = asyncio.Semaphore(max(1, most_at_once * 3 // 4))
        self._resolved: dict[str, None] = {}
        """Names that had an address the last time, the most recent last."""

    async def resolve(self, host: str) -> tuple[Ip, ...]:
        """The addresses of a name, empty where it has none; the caller sets the timeout."""
        acquired = await self._acquire_threads(host)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Ip, ...]] = loop.create_future()

        def finish(found: tuple[Ip, ...]) -> None:
            # A look-up whose caller timed out occupies its thread until now.
            for semaphore in acquired:
                semaphore.release()
            self._remember(host, bool(found))
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found: tuple[Ip, ...] = ()
            with contextlib.suppress(*SYSTEM_FAILURES):
                found = self._look_up(host)
            with contextlib.suppress(RuntimeError):  # The loop has ended.
                loop.call_soon_threadsafe(finish, found)

        try:
            threading.Thread(target=work, name=f"resolve {host}", daemon=True).start()
        except SYSTEM_FAILURES:
            finish(())
        return await answer

    async def _acquire_threads(self, host: str) -> tuple[asyncio.Semaphore, ...]:
        """The semaphores that the look-up occupies while it runs."""
        if host in self._resolved:
            await self._threads.acquire()
            return (self._threads,)
        await self._unproven_threads.acquire()
        try:
            await self._threads.acquire()
        except asyncio.CancelledError:
            self._unproven_threads.release()
            raise
        return self._unproven_threads, self._threads

    def _remember(self, host: str, found: bool) -> None:
        self._resolved.pop(host, None)
        if found:
            self._resolved[host] = None
            if len(self._resolved) > MOST_REMEMBERED:
                del self._resolved[next(iter(self._resolved))]
