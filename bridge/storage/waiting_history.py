"""Events and sessions that the state file does not have yet: bounded, what is dropped counted."""

from typing import TypeVar

from bridge.core.model import Event, Session
from bridge.core.output.outbox import Outbox

T = TypeVar("T")


class WaitingHistory:
    """Takes them from the outbox, keeps them until they are saved."""

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._events: list[Event] = []
        self._sessions: list[Session] = []
        self._saving = (0, 0)
        """How many events and sessions, the oldest, are being saved."""

    def __len__(self) -> int:
        return self.events + self.sessions

    @property
    def events(self) -> int:
        """Events that wait, in the outbox too."""
        return len(self._events) + len(self._out.events)

    @property
    def sessions(self) -> int:
        """Sessions that wait, in the outbox too."""
        return len(self._sessions) + len(self._out.sessions)

    def begin_save(self) -> tuple[list[Event], list[Session]]:
        """All that wait; they are kept until `saved`."""
        out = self._out
        self._events += out.events
        self._sessions += out.sessions
        out.events, out.sessions = [], []
        self._saving = (len(self._events), len(self._sessions))
        return list(self._events), list(self._sessions)

    def saved(self) -> None:
        """The state file has what `begin_save` returned."""
        events, sessions = self._saving
        del self._events[:events], self._sessions[:sessions]
        self._saving = (0, 0)

    def failed(self) -> None:
        """The state file did not accept it."""
        self._saving = (0, 0)

    def shed(self, most: int) -> tuple[int, int]:
        """Keep at most so many of each; returns how many events and sessions were dropped."""
        (events, sessions), out = self._saving, self._out
        return (
            _drop_oldest(self._events, events, out.events, most),
            _drop_oldest(self._sessions, sessions, out.sessions, most),
        )


def _drop_oldest(kept: list[T], saving: int, newer: list[T], most: int) -> int:
    """Drop the oldest that are not being saved."""
    before = len(kept) + len(newer)
    over = max(0, min(before - most, before - saving))
    del kept[saving : saving + over]
    del newer[: over - (before - len(kept) - len(newer))]
    return before - len(kept) - len(newer)
