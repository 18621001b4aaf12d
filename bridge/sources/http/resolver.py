"""Names into addresses, off the event loop."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

from bridge.core.polling.address import Ip, parse_ip

MOST_AT_ONCE = 32
MOST_REMEMBERED = 20_000


def look_up(host: str) -> tuple[Ip, ...]:
    """All addresses of a name by the system's resolver; blocks, for long where it is away."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    texts = dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found)
    return tuple(ip for text in texts if (ip := parse_ip(text)) is not None)


class Resolver:
    """A few look-ups at once, each in a thread of its own, for none can be called off.

    Names without an address may take long, however many there are: they leave a quarter of the
    threads to those that had one the last time.
    """

    def __init__(
        self,
        look_up: Callable[[str], tuple[Ip, ...]] = look_up,
        *,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._look_up = look_up
        self._free = asyncio.Semaphore(most_at_once)
        self._doubtful = asyncio.Semaphore(max(1, most_at_once * 3 // 4))
        self._found: dict[str, None] = {}
        """Names that had an address the last time, the latest last."""

    async def resolve(self, host: str) -> tuple[Ip, ...]:
        """The addresses, none where there are none; the caller sets the time limit."""
        held = await self._slots(host)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Ip, ...]] = loop.create_future()

        def settle(found: tuple[Ip, ...]) -> None:
            # A look-up that nobody waits for any more still holds its thread until now.
            for slot in held:
                slot.release()
            self._remember(host, bool(found))
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found = self._look_up(host)
            with contextlib.suppress(RuntimeError):  # The loop has ended.
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=work, name=f"resolve {host}", daemon=True).start()
        return await answer

    async def _slots(self, host: str) -> tuple[asyncio.Semaphore, ...]:
        """What the look-up holds while it lasts."""
        if host in self._found:
            await self._free.acquire()
            return (self._free,)
        await self._doubtful.acquire()
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            self._doubtful.release()
            raise
        return self._doubtful, self._free

    def _remember(self, host: str, found: bool) -> None:
        self._found.pop(host, None)
        if found:
            self._found[host] = None
            if len(self._found) > MOST_REMEMBERED:
                del self._found[next(iter(self._found))]
