"""Writes log lines in a thread: whoever reads the log, or stops reading it, delays nobody."""

import os
import select
import threading
from collections import deque
from typing import TextIO

MOST_BYTES = 4_000_000
"""Of lines that wait."""
FLUSH_SECONDS = 2.0
"""How long the end of the process waits for the reader."""


class BackgroundStream:
    """A text stream for a handler; `dropped` counts the lines for which there was no room."""

    def __init__(self, stream: TextIO) -> None:
        # The descriptor, not the stream: a thread that blocks in it would hold the stream's lock.
        self._descriptor = stream.fileno()
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._idle = True
        self._changed = threading.Condition()
        self.dropped = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        """Write one line, or drop it."""
        line = text.encode(errors="replace")
        with self._changed:
            if self._waiting + len(line) > MOST_BYTES:
                self.dropped += 1
                return
            self._lines.append(line)
            self._waiting += len(line)
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing: a handler calls it after each line."""

    def drain(self) -> None:
        """Wait until all lines are written, for two seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle and not self._lines, FLUSH_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._lines)
                line = self._lines.popleft()
                self._idle = False
            try:
                _write_all(self._descriptor, line)
            except OSError:
                # Nobody will ever read it again.
                self.dropped += 1
            with self._changed:
                self._waiting -= len(line)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
