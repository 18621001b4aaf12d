"""What the keeper needs of the journal, of the state file, and of those around them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.core.model import ChargerId, Event, SavedState, Session


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines for the journal; `readings` tells how many readings each line carries."""

    lines: Sequence[bytes]
    readings: Sequence[int]
    first_ms: int
    last_ms: int


class PointsJournal(Protocol):
    """The journal, as the keeper uses it."""

    async def append(self, batch: Batch) -> None:
        """Commit a batch, or raise DiskTrouble."""


class StateStore(Protocol):
    """The state file, as the keeper uses it."""

    async def save(
        self,
        *,
        chargers: Mapping[ChargerId, SavedState | None],
        events: Sequence[Event],
        sessions: Sequence[Session],
        pending: Sequence[bytes] | None,
    ) -> None:
        """Commit chargers, events and sessions together, or raise DiskTrouble.

        `pending` are the lines of events and sessions that the journal lacks; None: as before.
        """


class SavedStates(Protocol):
    """Who knows what is to be kept of a charger."""

    def saved_states(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        """What to keep of these chargers; None for those that are gone."""


class RepeatedLog(Protocol):
    """Who is told of trouble with the disk."""

    def report(self, event: str, *, about: str, level: str, **fields: object) -> None:
        """Tell it, or count it where it was told just now."""

    def resolved(self, event: str, *, ends: Sequence[str], about: str, **fields: object) -> None:
        """Tell that it is over."""
