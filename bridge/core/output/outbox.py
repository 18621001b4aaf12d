"""What the core decided, for its caller to keep and to deliver."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.core.model import ChargerId, Event, Session
from bridge.core.telemetry.channel import Line


class Breath(Protocol):
    """Someone with an open frame."""

    def quiet(self, steady: float) -> bool:
        """End the frame if its time is over; False while one is open."""

    @property
    def readings(self) -> int:
        """Readings in the open frame."""


@dataclass(slots=True)
class Outbox:
    """Lines with the number of readings in each, events, sessions, changed chargers.

    `changed` are to be saved at once; `grown`, with the steady time since when, have only
    newer numbers, which the next reading would bring again. `counters` are to be shown once
    the state file has what they count. `held` are the readings in `lines`; `breaths` are
    those whose frame may have to be ended by time.
    """

    lines: list[bytes] = field(default_factory=list)
    readings: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    counters: dict[Line, float] = field(default_factory=dict)
    changed: set[ChargerId] = field(default_factory=set)
    grown: dict[ChargerId, float] = field(default_factory=dict)
    breaths: dict[Breath, None] = field(default_factory=dict)
    held: int = 0
    first_ms: int = 0
    last_ms: int = 0

    @property
    def open(self) -> int:
        """Readings in frames that have not ended."""
        return sum(breath.readings for breath in self.breaths)

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
