"""The bridge's own queries over MQTT, matched with the replies.

A reply does not name its query. It is accepted only if it has the form of our query, comes in
time, and no other client has queried that charger since shortly before our query.
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
    """No reply in time, or the broker did not deliver the query."""
    AMBIGUOUS = "ambiguous"
    """Another client queried too: the reply was dropped, or our query was not sent."""
    REFUSED = "refused"
    """$NK: the controller does not know the query, or not now."""
    MALFORMED = "malformed"
    """A reply of another form, or a damaged one."""


def topic(query: Query) -> str:
    """Where the query is published, below the charger's base."""
    return f"{IN}/{query.value}"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """How a query to a charger ended; `document` has the keys and units of `/status`.

    `delivered`: the broker delivered the query, as its echo to us shows.
    """

    charger: ChargerId
    outcome: QueryOutcome
    delivered: bool
    document: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _SentQuery:
    """Our query in flight; `delivered`: the broker delivered it."""

    base: str
    query: Query
    steady: Steady
    delivered: bool = False


class OpenQueries:
    """The queries in flight, ours and other clients'; times are steady seconds."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._open: dict[ChargerId, _SentQuery] = {}
        self._others: dict[ChargerId, float] = {}
        """When another client last queried each charger, the latest last."""

    def __len__(self) -> int:
        return len(self._open)

    def quiet(self, charger: ChargerId, now: Steady) -> bool:
        """Whether no other client is waiting for a reply of this charger."""
        last = self._others.get(charger)
        return last is None or now - last > self._patience

    def sent(self, charger: ChargerId, base: str, query: Query, now: Steady) -> None:
        """Our query was sent."""
        self._open[charger] = _SentQuery(base, query, now)

    def observe(
        self, charger: ChargerId, base: str, key: str, payload: bytes, now: Steady
    ) -> QueryResult | None:
        """A live message on `base/key`; all but queries and replies are ignored."""
        sent = self._open.get(charger)
        if key == OUT:
            # A reply that came before the echo of our query belongs to an earlier query.
            own = sent is not None and sent.delivered and sent.base == base
            return self._answered(charger, payload) if own else None
        if not f"{key}/".startswith(f"{IN}/"):
            return None
        if sent is not None and self._echo(sent, base, key, payload):
            sent.delivered = True
            return None
        self._others.pop(charger, None)
        self._others[charger] = now
        return self._end(charger, QueryOutcome.AMBIGUOUS) if sent is not None else None

    def expired(self, now: Steady) -> list[QueryResult]:
        """End the queries that timed out."""
        while self._others:
            charger, steady = next(iter(self._others.items()))
            if now - steady <= self._patience:
                break
            del self._others[charger]
        late = [each for each, sent in self._open.items() if now - sent.steady > self._patience]
        return [self._end(charger, QueryOutcome.TIMEOUT) for charger in late]

    def _echo(self, sent: _SentQuery, base: str, key: str, payload: bytes) -> bool:
        """Whether this is the echo of our query; a second one is another client's query."""
        ours = (base, key, payload) == (sent.base, topic(sent.query), b"")
        return ours and not sent.delivered

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
        return QueryResult(charger, outcome, self._open.pop(charger).delivered, document or {})
