"""Lines of events and sessions on their way: kept with the state until the journal has them.

So a bridge that is killed between its two files tells neither twice nor never: what the
state file still holds at start goes to the journal. A line that is journaled twice is the
same point in a store.
"""

from collections.abc import Sequence
from itertools import compress

from bridge.core.output.outbox import Outbox


class PendingEvents:
    """The lines, in their order; `unsaved` says that the state file has others."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        # A damaged state file may hold what is no line.
        self.lines = [line for line in lines if line.rpartition(b" ")[2].isdigit()]
        self.unsaved = False

    def collect(self, out: Outbox) -> bool:
        """Take what only was lived through out of the outbox: it carries no readings.

        True where other lines are left.
        """
        if not all(out.readings):
            pairs = zip(out.lines, out.readings, strict=True)
            self.lines += [line for line, count in pairs if not count]
            out.lines = list(compress(out.lines, out.readings))
            out.readings = [count for count in out.readings if count]
            self.unsaved = True
        return bool(out.lines)

    def settle(self, lines: int) -> None:
        """The journal has so many of the oldest."""
        del self.lines[:lines]
        self.unsaved = True

    def shed(self, most: int) -> None:
        """Memory is bounded: the latest go."""
        if len(self.lines) > most:
            del self.lines[most:]
            self.unsaved = True
