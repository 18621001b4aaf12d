"""Python's garbage collector, kept from holding up the loop to look at a whole fleet.

A full collection visits every object there is: 100 ms for a thousand chargers, more than a
second for ten thousand. So none happens by itself. What has come since the last look is
collected in small portions, and what proves to stay is taken out of the collector's sight.
"""

import gc
from types import TracebackType
from typing import Self

NEVER = 1_000_000_000
YOUNG = 2000
"""Objects that came and did not go until the young ones are looked at: a millisecond or two,
where Python's own 700 would mean three times as many looks."""
LOOKS = 5
"""At the youngest, until those are looked at again that outlived one."""
MANY = 18_000
"""Objects that stayed: some milliseconds of looking. In flight there are never so many: 256
polls over TLS hold about 16,000, some of them in circles that must not be taken out of sight."""


class Garbage:
    """In charge of the collector as long as the block; `tidy` is to be called often."""

    def __enter__(self) -> Self:
        self._before = gc.get_threshold()
        gc.set_threshold(YOUNG, LOOKS, NEVER)
        self.settle()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def settle(self) -> None:
        """All that is there now will stay."""
        gc.freeze()

    def tidy(self) -> None:
        """Collect what has come since the last look, if it is worth while."""
        if not gc.get_count()[2]:
            return
        gc.collect()
        if len(gc.get_objects(generation=2)) > MANY:
            self.settle()
