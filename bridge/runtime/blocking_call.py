"""A call that may block for ever, as on a network disk that hangs, kept off the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
TIMEOUT_SECONDS = 1.0


class BlockingCall(Generic[T]):
    """Makes the call in a thread, one at a time.

    The thread is a daemon: one that hangs must not keep the process from ending.
    """

    def __init__(self, call: Callable[[], T], *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._call = call
        self._timeout = timeout
        self._pending: asyncio.Future[T] | None = None
        self._hangs = False

    async def result(self) -> T:
        """The call's result or OSError. Raises TimeoutError if it takes too long; at once, while
        it still does. A late result is that of the next `result`."""
        if self._pending is None:
            self._pending = self._start()
        pending = self._pending
        if not self._hangs:
            await asyncio.wait({pending}, timeout=self._timeout)
        self._hangs = not pending.done()
        if self._hangs:
            raise TimeoutError
        if self._pending is pending:
            self._pending = None
        return pending.result()

    def _start(self) -> asyncio.Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        threading.Thread(target=self._run, args=(future,), name="blocking", daemon=True).start()
        return asyncio.wrap_future(future)

    def _run(self, future: Future[T]) -> None:
        try:
            found = self._call()
        except OSError as error:
            future.set_exception(error)
        except BaseException as bug:
            future.set_exception(bug)
            raise
        else:
            future.set_result(found)


class LastValue(Generic[T]):
    """The newest result of a blocking call: reading it never blocks."""

    def __init__(
        self, call: Callable[[], T], initial: T, *, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._call = BlockingCall(call, timeout=timeout)
        self._value = initial

    def read(self) -> T:
        """The result of the last call that ended."""
        return self._value

    async def refresh(self) -> None:
        """Make the call again. Raises TimeoutError, and keeps the last value, if it hangs."""
        self._value = await self._call.result()
