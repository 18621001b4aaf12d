"""Names into addresses, off the event loop."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

from bridge.core.address import Ip, parse_ip

MOST_AT_ONCE = 32


def look_up(host: str) -> tuple[Ip, ...]:
    """All addresses of a name by the system's resolver; blocks, for long where it is away."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    texts = dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found)
    return tuple(ip for text in texts if (ip := parse_ip(text)) is not None)


class Resolver:
    """A few look-ups at once, each in a thread of its own, for none can be called off."""

    def __init__(
        self,
        look_up: Callable[[str], tuple[Ip, ...]] = look_up,
        *,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._look_up = look_up
        self._free = asyncio.Semaphore(most_at_once)

    async def resolve(self, host: str) -> tuple[Ip, ...]:
        """The addresses, none where there are none; the caller sets the time limit."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Ip, ...]] = loop.create_future()

        def settle(found: tuple[Ip, ...]) -> None:
            # A look-up that nobody waits for any more still holds its thread until now.
            self._free.release()
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found = self._look_up(host)
            with contextlib.suppress(RuntimeError):  # The loop has ended.
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=work, name=f"resolve {host}", daemon=True).start()
        return await answer
