"""Queues of chargers by when their next request is due, each with its share of the slots."""

import heapq
from collections.abc import Iterator
from enum import Enum

from bridge.core.clock import Steady
from bridge.core.model import ChargerId


class Lane(Enum):
    """How a charger's host behaved; the first goes first."""

    PROVEN = "proven"  # answered the last time
    NEW = "new"  # never asked, or there is reason to hope
    DARK = "dark"  # did not answer


class Lanes:
    """A charger stands in one lane at most; the latest `put` counts."""

    def __init__(self, slots: int) -> None:
        # What hosts hold that did not answer yet leaves a quarter to those that do.
        self.most = {
            Lane.PROVEN: slots,
            Lane.NEW: max(1, slots * 3 // 4),
            Lane.DARK: max(1, slots // 4),
        }
        self._slots = slots
        self._heaps: dict[Lane, list[tuple[float, int, ChargerId]]] = {lane: [] for lane in Lane}
        self._place: dict[ChargerId, tuple[int, Lane]] = {}
        self._busy = dict.fromkeys(Lane, 0)
        self._number = 0

    def enqueue(self, charger: ChargerId, lane: Lane, due: float) -> None:
        """Let the charger wait here and nowhere else."""
        self._number += 1
        self._place[charger] = (self._number, lane)
        heap = self._heaps[lane]
        heapq.heappush(heap, (due, self._number, charger))
        if len(heap) > 64 + 2 * len(self._place):
            heap[:] = [entry for entry in heap if self._holds(entry)]
            heapq.heapify(heap)

    def remove(self, charger: ChargerId) -> None:
        """The charger waits no more."""
        self._place.pop(charger, None)

    def due(self, now: Steady) -> Iterator[tuple[ChargerId, Lane]]:
        """Those whose time has come and who have a slot; each holds it until `free`."""
        for lane, heap in self._heaps.items():
            while self._room(lane) and (due := self._first(heap)) is not None and due <= now:
                charger = heapq.heappop(heap)[2]
                del self._place[charger]
                self._busy[lane] += 1
                yield charger, lane

    def release(self, lane: Lane) -> None:
        """A request of this lane ended."""
        self._busy[lane] -= 1

    def next_due(self) -> float | None:
        """When the first of those comes who would have a slot now."""
        dues = (self._first(heap) for lane, heap in self._heaps.items() if self._room(lane))
        return min((due for due in dues if due is not None), default=None)

    @property
    def busy(self) -> int:
        """The slots that are taken."""
        return sum(self._busy.values())

    @property
    def size(self) -> int:
        """Entries in memory, outdated ones too."""
        return sum(map(len, self._heaps.values()))

    def _room(self, lane: Lane) -> bool:
        if self.busy >= self._slots:
            return False
        if lane is Lane.PROVEN:
            return True
        dark, new = self._busy[Lane.DARK], self._busy[Lane.NEW]
        return dark + new < self.most[Lane.NEW] and (lane is Lane.NEW or dark < self.most[lane])

    def _first(self, heap: list[tuple[float, int, ChargerId]]) -> float | None:
        while heap and not self._holds(heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def _holds(self, entry: tuple[float, int, ChargerId]) -> bool:
        place = self._place.get(entry[2])
        return place is not None and place[0] == entry[1]
