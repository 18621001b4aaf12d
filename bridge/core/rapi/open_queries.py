"""The bridge's own queries over MQTT: which answer is whose, as far as anyone can tell.

Nothing in an answer tells. One is believed only where it has the form of our query, comes
in its time, and nobody else asked that charger from shortly before our query on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.rapi.line import read_line
from bridge.core.rapi.match import PATIENCE_SECONDS
from bridge.core.rapi.query import Query, decode, members

OUT, IN = "rapi/out", "rapi/in"


class QueryOutcome(StrEnum):
    """How a query ended; every query has exactly one."""

    ANSWERED = "answered"
    TIMEOUT = "timeout"
    """No answer in time, or the broker did not pass the query on."""
    AMBIGUOUS = "ambiguous"
    """Somebody else asked too: the answer was dropped, or the query was not even sent."""
    REFUSED = "refused"
    """$NK: the controller does not know it, or not now."""
    MALFORMED = "malformed"
    """An answer of another form, or a damaged one."""


def topic(query: Query) -> str:
    """Where the query is published, below the charger's base."""
    return f"{IN}/{query.value}"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """How a query to a charger ended; `document` is as `/status` would say it.

    `heard`: the broker passed it on, as we know from hearing it ourselves.
    """

    charger: ChargerId
    outcome: QueryOutcome
    heard: bool
    document: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Asked:
    """Our query on its way; `heard`: the broker passed it on."""

    base: str
    query: Query
    steady: Steady
    heard: bool = False


class OpenQueries:
    """What is asked of chargers just now, by us and by others; times are steady seconds."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._open: dict[ChargerId, _Asked] = {}
        self._others: dict[ChargerId, float] = {}
        """When somebody else last asked, the latest last."""

    def __len__(self) -> int:
        return len(self._open)

    def quiet(self, charger: ChargerId, now: Steady) -> bool:
        """Whether nobody else waits for an answer of this charger."""
        last = self._others.get(charger)
        return last is None or now - last > self._patience

    def sent(self, charger: ChargerId, base: str, query: Query, now: Steady) -> None:
        """Our query goes out."""
        self._open[charger] = _Asked(base, query, now)

    def observe(
        self, charger: ChargerId, base: str, key: str, payload: bytes, now: Steady
    ) -> QueryResult | None:
        """A live message on `base/key`; others than queries and answers are passed over."""
        asked = self._open.get(charger)
        if key == OUT:
            # An answer that came before our query did is to somebody's before us.
            own = asked is not None and asked.heard and asked.base == base
            return self._answered(charger, payload) if own else None
        if not f"{key}/".startswith(f"{IN}/"):
            return None
        if asked is not None and self._echo(asked, base, key, payload):
            asked.heard = True
            return None
        self._others.pop(charger, None)
        self._others[charger] = now
        return self._end(charger, QueryOutcome.AMBIGUOUS) if asked is not None else None

    def expired(self, now: Steady) -> list[QueryResult]:
        """The queries whose time is over."""
        while self._others:
            charger, steady = next(iter(self._others.items()))
            if now - steady <= self._patience:
                break
            del self._others[charger]
        late = [each for each, asked in self._open.items() if now - asked.steady > self._patience]
        return [self._end(charger, QueryOutcome.TIMEOUT) for charger in late]

    def _echo(self, asked: _Asked, base: str, key: str, payload: bytes) -> bool:
        """Whether this is our own query, come back; a second one is somebody else's."""
        ours = (base, key, payload) == (asked.base, topic(asked.query), b"")
        return ours and not asked.heard

    def _answered(self, charger: ChargerId, payload: bytes) -> QueryResult:
        reply = read_line(payload.decode(errors="replace"))
        if reply is None:
            return self._end(charger, QueryOutcome.MALFORMED)
        if reply.words is None:
            return self._end(charger, QueryOutcome.REFUSED)
        values = decode(self._open[charger].query, reply.words)
        if values is None:
            return self._end(charger, QueryOutcome.MALFORMED)
        return self._end(charger, QueryOutcome.ANSWERED, members(values))

    def _end(
        self, charger: ChargerId, outcome: QueryOutcome, document: Mapping[str, int] | None = None
    ) -> QueryResult:
        return QueryResult(charger, outcome, self._open.pop(charger).heard, document or {})
