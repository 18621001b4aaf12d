"""Which of the replies on a charger's topic belongs to our query.

A reply does not name its query. So it is matched by its form and its time: it comes after our
query, and every other query sent meanwhile would have a reply of another form.
"""

from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.rapi.line import RapiReply, read_line
from bridge.core.rapi.query import Query, decode, query_named

PATIENCE_SECONDS = 3.0
"""A reply never comes later than this; a controller's time limit is shorter."""


@dataclass(frozen=True, slots=True)
class _ObservedQuery:
    command: str
    steady: Steady


class Exchange:
    """Follows all queries to one charger and its replies; times are steady seconds."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._open: list[_ObservedQuery] = []
        self.doubtful = False
        """A reply came that could be ours or another client's; query again once it is quiet."""
        self.unsolicited = 0
        """Replies without any observed query."""

    def observe_query(self, command: str, steady: Steady) -> None:
        """A query was sent, by us or another client; equal queries have equal replies."""
        self._open.append(_ObservedQuery(command, steady))

    def clear_doubt(self) -> None:
        """Clear `doubtful`, before our next query."""
        self.doubtful = False

    def quiet(self, steady: Steady) -> bool:
        """Whether no reply to any client is outstanding."""
        self._expire(steady)
        return not self._open

    def observe_reply(self, line: str, steady: Steady) -> RapiReply | None:
        """The reply, if it is certainly ours."""
        self._expire(steady)
        reply = read_line(line)
        if reply is None:
            return None
        fitting = [query for query in self._open if _fits(query.command, reply)]
        if not fitting:
            self.unsolicited += 1
            return None
        self._open.remove(fitting[0])
        ours = [query for query in fitting if query.command == self._query.value]
        if len(ours) == len(fitting):
            return reply
        # Either query, ours or the other client's, may have had no reply.
        self.doubtful = self.doubtful or bool(ours)
        return None

    def _expire(self, steady: Steady) -> None:
        self._open = [query for query in self._open if steady - query.steady <= PATIENCE_SECONDS]


def _fits(command: str, reply: RapiReply) -> bool:
    """Whether this can be the reply to a command; to an unknown one any form can be."""
    query = query_named(command)
    if reply.words is None or query is None:
        return True
    return decode(query, reply.words) is not None
