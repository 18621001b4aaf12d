"""Queues of chargers by due time, each with its share of the request slots."""

import heapq
from collections.abc import Iterator
from enum import Enum

from bridge.core.clock import Steady
from bridge.core.model import ChargerId


class Lane(Enum):
    """How a charger's host has behaved; earlier lanes go first."""

    PROVEN = "proven"  # answered the last request, and quickly
    NEW = "new"  # never polled, or likely to be back
    SLOW = "slow"  # answered the last request, and was slow lately
    DARK = "dark"  # did not answer


class Lanes:
    """A charger is in at most one lane; the latest `enqueue` counts."""

    def __init__(self, slots: int) -> None:
        # Hosts that have not answered, or slowly, leave a quarter of the slots to the others.
        self.most = {
            Lane.PROVEN: slots,
            Lane.NEW: max(1, slots * 3 // 4),
            Lane.SLOW: max(1, slots // 2),
            Lane.DARK: max(1, slots // 4),
        }
        self._slots = slots
        self._heaps: dict[Lane, list[tuple[float, int, ChargerId]]] = {lane: [] for lane in Lane}
        self._place: dict[ChargerId, tuple[int, Lane]] = {}
        self._busy = dict.fromkeys(Lane, 0)
        self.busy = 0
        """The slots in use."""
        self._number = 0

    def enqueue(self, charger: ChargerId, lane: Lane, due: float) -> None:
        """Queue the charger in this lane only."""
        self._number += 1
        self._place[charger] = (self._number, lane)
        heap = self._heaps[lane]
        heapq.heappush(heap, (due, self._number, charger))
        if len(heap) > 64 + 2 * len(self._place):
            heap[:] = [entry for entry in heap if self._is_current(entry)]
            heapq.heapify(heap)

    def remove(self, charger: ChargerId) -> None:
        """Remove the charger from its queue."""
        self._place.pop(charger, None)

    def due(self, now: Steady) -> Iterator[tuple[ChargerId, Lane]]:
        """The due chargers for which there is a slot; each holds it until `release`."""
        for lane, heap in self._heaps.items():
            while self._has_slot(lane) and (due := self._first(heap)) is not None and due <= now:
                charger = heapq.heappop(heap)[2]
                del self._place[charger]
                self._busy[lane] += 1
                self.busy += 1
                yield charger, lane

    def release(self, lane: Lane) -> None:
        """A request of this lane ended."""
        self._busy[lane] -= 1
        self.busy -= 1

    def next_due(self) -> float | None:
        """When the first charger that would get a slot now is due."""
        dues = [
            due
            for lane, heap in self._heaps.items()
            if heap and self._has_slot(lane) and (due := self._first(heap)) is not None
        ]
        return min(dues, default=None)

    @property
    def size(self) -> int:
        """Entries in memory, outdated ones too."""
        return sum(map(len, self._heaps.values()))

    def _has_slot(self, lane: Lane) -> bool:
        if self.busy >= self._slots:
            return False
        if lane is Lane.PROVEN:
            return True
        unproven = self.busy - self._busy[Lane.PROVEN]
        return unproven < self.most[Lane.NEW] and self._busy[lane] < self.most[lane]

    def _first(self, heap: list[tuple[float, int, ChargerId]]) -> float | None:
        while heap and not self._is_current(heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def _is_current(self, entry: tuple[float, int, ChargerId]) -> bool:
        place = self._place.get(entry[2])
        return place is not None and place[0] == entry[1]
