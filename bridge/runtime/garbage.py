"""Python's garbage collector, run in short steps so that it does not block the event loop.

A full collection visits every object: 100 ms for a thousand chargers, more than a second for
ten thousand. Therefore none starts by itself. New objects are collected in small portions,
and objects that survive are frozen, which hides them from the collector.
"""

import gc
from types import TracebackType
from typing import Self

NEVER = 1_000_000_000
YOUNG_OBJECTS = 2000
"""New objects until a collection of the youngest: one takes a millisecond or two. Python's own
700 would mean three times as many collections."""
YOUNG_COLLECTIONS = 5
"""Collections of the youngest until one of those that survived."""
MOST_OLD_OBJECTS = 18_000
"""Objects that survived: more are frozen, because a collection of so many takes milliseconds.
Work in progress never has as many: 256 polls over TLS have about 16,000, some of them in
reference cycles that must not be frozen."""


class Garbage:
    """Controls the collector within the block; `collect` is to be called often."""

    def __enter__(self) -> Self:
        self._before = gc.get_threshold()
        gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, NEVER)
        self.freeze()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def freeze(self) -> None:
        """Hide all present objects from the collector."""
        gc.freeze()

    def collect(self) -> None:
        """Collect the objects since the last call, if there are enough."""
        if not gc.get_count()[2]:
            return
        gc.collect()
        if len(gc.get_objects(generation=2)) > MOST_OLD_OBJECTS:
            self.freeze()
