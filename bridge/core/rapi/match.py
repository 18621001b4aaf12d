"""Which of the answers on a charger's topic is the answer to our query.

Nothing in an answer tells. So it is known by its form and its time: it comes after our
query, and whatever else was asked meanwhile would be answered in another form.
"""

from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.rapi.line import RapiReply, read_line
from bridge.core.rapi.query import Query, decode, query_named

PATIENCE_SECONDS = 3.0
"""An answer does not come later than this; a controller's time limit is shorter."""


@dataclass(frozen=True, slots=True)
class _Asked:
    command: str
    steady: Steady


class Exchange:
    """Follows what is asked of one charger and what it answers; times on a steady clock."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._open: list[_Asked] = []
        self.doubtful = False
        """An answer came that could be ours or another's; ask again once it is quiet."""
        self.strange = 0
        """Answers that nobody we heard of had asked for."""

    def asked(self, command: str, steady: Steady) -> None:
        """Somebody asked, perhaps we; who asks the same is answered the same."""
        self._open.append(_Asked(command, steady))

    def again(self) -> None:
        """Forget the doubt, before our next query."""
        self.doubtful = False

    def quiet(self, steady: Steady) -> bool:
        """Whether no answer to anybody is due any more."""
        self._expire(steady)
        return not self._open

    def answered(self, line: str, steady: Steady) -> RapiReply | None:
        """The reply, where it is ours beyond doubt."""
        self._expire(steady)
        reply = read_line(line)
        if reply is None:
            return None
        fitting = [asked for asked in self._open if _fits(asked.command, reply)]
        if not fitting:
            self.strange += 1
            return None
        self._open.remove(fitting[0])
        ours = [asked for asked in fitting if asked.command == self._query.value]
        if len(ours) == len(fitting):
            return reply
        # Of ours and another's, either may have gone unanswered.
        self.doubtful = self.doubtful or bool(ours)
        return None

    def _expire(self, steady: Steady) -> None:
        self._open = [asked for asked in self._open if steady - asked.steady <= PATIENCE_SECONDS]


def _fits(command: str, reply: RapiReply) -> bool:
    """Whether this may answer the command; what no query of ours asks has any form."""
    query = query_named(command)
    if reply.words is None or query is None:
        return True
    return decode(query, reply.words) is not None
