"""What the core decided, for its caller to keep and to deliver."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.core.channel import Line
from bridge.core.model import ChargerId, Event, Session


class Breath(Protocol):
    """Someone with an open frame."""

    def quiet(self, steady: float) -> bool:
        """End the frame if its time is over; False while one is open."""


@dataclass(slots=True)
class Outbox:
    """Lines with the number of readings in each, events, sessions, changed chargers.

    `counters` are to be shown once the state file has what they count. `open` counts the
    readings in frames that have not ended, `held` those in `lines`; `breaths` are those
    whose frame may have to be ended by time.
    """

    lines: list[bytes] = field(default_factory=list)
    readings: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    counters: dict[Line, float] = field(default_factory=dict)
    changed: set[ChargerId] = field(default_factory=set)
    breaths: dict[Breath, None] = field(default_factory=dict)
    open: int = 0
    held: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def show(self, counters: Sequence[tuple[Line, float]]) -> None:
        """These counters are safe on the disk: show them."""
        for line, value in counters:
            line.put(value)
            if self.counters.get(line) == value:
                del self.counters[line]

    def put(self, line: bytes, readings: int, stamp_ms: int) -> None:
        """Take one finished line."""
        self.lines.append(line)
        self.readings.append(readings)
        self.held += readings
        self.first_ms = min(self.first_ms or stamp_ms, stamp_ms)
        self.last_ms = max(self.last_ms, stamp_ms)
