"""Lines of events and sessions, kept in the state file until the journal has them.

A bridge that is killed between writing its two files loses none and reports none twice: lines
that are still in the state file at start go to the journal. A line that is journaled twice is
one point in a store.
"""

from collections.abc import Sequence
from itertools import compress

from bridge.core.output.outbox import Outbox


class PendingEvents:
    """The lines, in their order; `unsaved`: the state file does not have the same."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        # A damaged state file may contain something that is not a line.
        self.lines = [line for line in lines if line.rpartition(b" ")[2].isdigit()]
        self.unsaved = False
        self.in_flight = 0
        """Lines, the oldest, that the journal is appending."""

    def collect(self, out: Outbox) -> bool:
        """Move the lines of events and sessions, which carry no readings, out of the outbox.

        True where other lines are left there.
        """
        if not all(out.readings):
            pairs = zip(out.lines, out.readings, strict=True)
            self.lines += [line for line, count in pairs if not count]
            out.lines = list(compress(out.lines, out.readings))
            out.readings = [count for count in out.readings if count]
            self.unsaved = True
        return bool(out.lines)

    def acknowledge(self, lines: int) -> None:
        """The journal has this many of the oldest lines."""
        del self.lines[:lines]
        self.unsaved = True

    def shed(self, most: int) -> int:
        """Keep memory within its limit: the newest lines are dropped; returns how many."""
        over = len(self.lines) - max(most, self.in_flight)
        if over > 0:
            del self.lines[-over:]
            self.unsaved = True
        return max(0, over)
