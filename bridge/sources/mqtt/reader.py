"""The rhythm of reading: many packets a turn of the loop, and few turns a second.

The first packet after a quiet time is read at once. Then the socket is not watched but read
again every 20 to 40 ms, until nothing came: a busy stream costs one wake-up for all that
those bring, and the selector is not touched. A wake-up costs as much as a hundred messages,
because everything has left the caches meanwhile. A turn ends after some milliseconds, so that
a backlog holds nobody up.
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
"""A pause that brought so much is followed by a shorter one: the socket holds 128 KB at first."""
TURN_SECONDS = 0.005
SLICE = 32
"""Messages taken between two looks at the clock: announcements cost most, 0.25 ms each."""


class Source(Protocol):
    """A connection that is read in gulps."""

    def fill(self) -> memoryview:
        """What has come; empty if nothing did. Raises EOFError at the end, OSError."""

    def fileno(self) -> int:
        """What the selector watches."""


class Reader:
    """Reads from `start` to `stop`, or until the connection ends."""

    def __init__(
        self,
        source: Source,
        *,
        rest: Callable[[bytes], None],
        heard: Callable[[list[Message]], None],
        ended: Callable[[Exception], None],
    ) -> None:
        """`rest` gets the frames that are no messages, `heard` each slice of messages in their
        order, `ended` EOFError, OSError or BrokenStream."""
        self.batch: list[Message] = []
        """This slice's messages; `rest` may add some."""
        self._source = source
        self._skimmer = Skimmer(rest)
        self._received = heard
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle | None = None
        self._watching: int | None = None
        self._left = False
        self._over = False
        self._busy = False

    def start(self) -> None:
        """Wait for the first packet."""
        self._watching = self._source.fileno()
        self._loop.add_reader(self._watching, self._readable)

    def stop(self) -> None:
        """Read no more; to be called before the socket is closed."""
        self._over = True
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
        """Take slices for some milliseconds, and settle when the next turn is."""
        end = perf_counter() + TURN_SECONDS
        came, error = self._slice()
        while self._left and not self._over and perf_counter() < end:
            _, error = self._slice()
        if self._over:
            return
        if error is not None:
            self.stop()
            self._ended(error)
        elif self._left:
            self._next = self._loop.call_soon(self._turn)
        elif came:
            pause = BUSY_SECONDS if self._busy else PAUSE_SECONDS
            self._next = self._loop.call_later(pause, self._turn)
        else:
            self.start()

    def _slice(self) -> tuple[bool, Exception | None]:
        """Hand on some messages; whether anything came, and what ended the stream."""
        came, error = True, None
        try:
            came = self._cut()
        except (EOFError, OSError, BrokenStream) as caught:
            self._left, error = False, caught
        batch, self.batch = self.batch, []
        if batch or (came and error is None):
            self._received(batch)
        return came, error

    def _cut(self) -> bool:
        """Cut a slice, from the last gulp or a new one; whether anything came."""
        if not self._left:
            gulp = self._source.fill()
            if not gulp:
                return False
            self._busy = len(gulp) >= BUSY_BYTES
            self._skimmer.feed(gulp)
        self._left = self._skimmer.cut(self.batch, SLICE)
        return True
