"""What the core decided and the disk does not have yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.core.clock import Steady
from bridge.core.model import ChargerId, Event, Reason, Session
from bridge.core.output.series import Series


class OpenFrame(Protocol):
    """An owner of an open frame."""

    def close_if_quiet(self, steady: Steady) -> bool:
        """Close the frame if it has ended; False while one is open."""

    @property
    def readings(self) -> int:
        """Readings in the open frame."""


@dataclass(slots=True)
class Outbox:
    """Lines with the number of readings in each, events, sessions, changed chargers.

    `dirty` chargers are to be saved at once; `dirty_since`, with the steady time since when,
    have only newer numbers, which the next reading would bring again. `counters` are exposed
    once they are in the state file, `totals` among them once their lines are in the journal.
    `readings_held` counts the readings in `lines`; `open_frames` may have to be closed by time;
    `discarded` were in one first, and the pipeline counts them.
    """

    lines: list[bytes] = field(default_factory=list)
    readings: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    counters: dict[Series, float] = field(default_factory=dict)
    totals: set[Series] = field(default_factory=set)
    dirty: set[ChargerId] = field(default_factory=set)
    dirty_since: dict[ChargerId, float] = field(default_factory=dict)
    open_frames: dict[OpenFrame, None] = field(default_factory=dict)
    discarded: dict[Reason, int] = field(default_factory=dict)
    readings_held: int = 0
    first_ms: int = 0
    last_ms: int = 0

    @property
    def readings_open(self) -> int:
        """Readings in open frames, and those from frames that are not counted yet."""
        discarded = sum(self.discarded.values())
        return sum(frame.readings for frame in self.open_frames) + discarded

    def discard(self, reason: Reason, readings: int = 1) -> None:
        """Discard readings that waited in an open frame."""
        self.discarded[reason] = self.discarded.get(reason, 0) + readings

    def mark_due_dirty(self, until_steady: float) -> None:
        """Mark the chargers dirty whose oldest unsaved number is from this time or before."""
        for id_ in self.dirty:
            self.dirty_since.pop(id_, None)
        for id_, since in list(self.dirty_since.items()):
            if since > until_steady:
                break
            del self.dirty_since[id_]
            self.dirty.add(id_)

    def show_saved(self, counters: Sequence[tuple[Series, float]]) -> None:
        """Expose these counters, which are on disk now."""
        for line, value in counters:
            line.set(value)
            if self.counters.get(line) == value:
                del self.counters[line]
                self.totals.discard(line)

    def append(self, line: bytes, readings: int, stamp_ms: int) -> None:
        """Append one finished line."""
        self.lines.append(line)
        self.readings.append(readings)
        self.readings_held += readings
        self.first_ms = min(self.first_ms or stamp_ms, stamp_ms)
        self.last_ms = max(self.last_ms, stamp_ms)

    def drop(self, first: int, count: int) -> tuple[int, int]:
        """Drop so many lines; returns their readings, and the lines that carried none."""
        dropped = slice(first, first + count)
        counts = self.readings[dropped]
        del self.lines[dropped], self.readings[dropped]
        self.readings_held -= sum(counts)
        return sum(counts), counts.count(0)
