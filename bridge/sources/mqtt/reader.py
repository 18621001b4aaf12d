"""When the socket is read: many packets per turn of the event loop, and few turns per second.

The first packet after a quiet time is read at once. Then the socket is not watched but read
again every 20 to 40 ms, until nothing has arrived: a busy stream costs one wake-up per pause,
and the selector is not touched. A wake-up costs as much as a hundred messages, because the
processor's caches are cold by then. A turn ends after some milliseconds, so that a backlog
does not block the event loop.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from bridge.core.errors import BrokenStream
from bridge.core.model import Message
from bridge.sources.mqtt.skim import Skimmer

PAUSE_SECONDS = 0.04
BUSY_SECONDS = 0.02
BUSY_BYTES = 48 * 1024
"""After this much in one pause the next one is shorter: the socket buffers 128 KB at first."""
TURN_SECONDS = 0.005
SLICE = 32
"""Messages between two checks of the clock: announcements cost most, 0.25 ms each."""


class Source(Protocol):
    """A connection that is read in large chunks."""

    def fill(self) -> memoryview:
        """What has arrived; empty for nothing. Raises EOFError at the end, OSError."""

    def fileno(self) -> int:
        """The descriptor for the selector."""


class Reader:
    """Reads from `start` to `stop`, or until the connection ends."""

    def __init__(
        self,
        source: Source,
        *,
        other_frame: Callable[[bytes], None],
        received: Callable[[list[Message]], None],
        ended: Callable[[Exception], None],
    ) -> None:
        """`other_frame` gets the frames that are not QoS 0 messages, `received` each slice of
        messages in their order, `ended` EOFError, OSError or BrokenStream."""
        self.batch: list[Message] = []
        """This slice's messages; `other_frame` may add some."""
        self._source = source
        self._skimmer = Skimmer(other_frame)
        self._received = received
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle | None = None
        self._watching: int | None = None
        self._more = False
        self._stopped = False
        self._busy = False

    def start(self) -> None:
        """Wait for the first packet."""
        self._watching = self._source.fileno()
        self._loop.add_reader(self._watching, self._readable)

    def stop(self) -> None:
        """Stop reading; to be called before the socket is closed."""
        self._stopped = True
        self._unwatch()
        if self._next is not None:
            self._next.cancel()

    def _unwatch(self) -> None:
        if self._watching is not None:
            self._loop.remove_reader(self._watching)
            self._watching = None

    def _readable(self) -> None:
        self._unwatch()
        self._turn()

    def _turn(self) -> None:
        """Read slices for some milliseconds, and schedule the next turn."""
        end = perf_counter() + TURN_SECONDS
        arrived, error = self._slice()
        while self._more and not self._stopped and perf_counter() < end:
            _, error = self._slice()
        if self._stopped:
            return
        if error is not None:
            self.stop()
            self._ended(error)
        elif self._more:
            self._next = self._loop.call_soon(self._turn)
        elif arrived:
            pause = BUSY_SECONDS if self._busy else PAUSE_SECONDS
            self._next = self._loop.call_later(pause, self._turn)
        else:
            self.start()

    def _slice(self) -> tuple[bool, Exception | None]:
        """Pass on some messages; returns whether anything arrived, and what ended the stream."""
        arrived, error = True, None
        try:
            arrived = self._cut()
        except (EOFError, OSError, BrokenStream) as caught:
            self._more, error = False, caught
        batch, self.batch = self.batch, []
        if batch or (arrived and error is None):
            self._received(batch)
        return arrived, error

    def _cut(self) -> bool:
        """Cut a slice, from the last chunk or a new one; returns whether anything arrived."""
        if not self._more:
            chunk = self._source.fill()
            if not chunk:
                return False
            self._busy = len(chunk) >= BUSY_BYTES
            self._skimmer.feed(chunk)
        self._more = self._skimmer.cut(self.batch, SLICE)
        return True
