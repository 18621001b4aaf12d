"""Asking over MQTT: chargers without HTTP, for the counters that MQTT does not bring."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.rapi.askable import base_for_queries
from bridge.core.rapi.brake import QueryBackoff
from bridge.core.rapi.plan import QuerySchedule
from bridge.core.rapi.query import Query
from bridge.core.rapi.talks import OpenQueries, QueryOutcome, QueryResult
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.poll_replies import DocumentPipeline
from bridge.runtime.round_robin import SLICE_SECONDS, RoundRobin

TICK_SECONDS = 0.25
LOOKED_AT_ONCE = 500


class QueryPublisher(Protocol):
    """What asking needs of the connection."""

    def publish_query(self, base: str, query: Query) -> bool:
        """Put a query to a charger; False where it did not go out."""


class QueryReport(Protocol):
    """Who is told that the broker does not let us ask."""

    def query_lost(self, charger: ChargerId) -> None:
        """Of several queries the broker passed none on, this charger's the last."""


class Queries:
    """Keeps the plan in step with the chargers, and hands them what they answered.

    `unpolled` says of a charger that it cannot be asked over HTTP.
    """

    def __init__(
        self,
        *,
        telemetries: Mapping[ChargerId, Telemetry],
        plan: QuerySchedule,
        broker: QueryPublisher,
        readers: Mapping[Dialect, StatusReader],
        replies: DocumentPipeline,
        report: QueryReport,
        unpolled: Callable[[ChargerId], bool],
        silent_after: float,
    ) -> None:
        self._telemetries = telemetries
        self._plan = plan
        self._broker = broker
        self._readers = readers
        self._replies = replies
        self._report = report
        self._unpolled = unpolled
        self._silent_after = silent_after
        self._talks = OpenQueries()
        self._brake = QueryBackoff()
        self._round = RoundRobin(telemetries.values)
        self.outcomes: dict[str, int] = dict.fromkeys(QueryOutcome, 0)

    async def run(self, clock: Callable[[], Moment]) -> None:
        """Ask, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.sweep(clock())

    def sweep(self, now: Moment) -> None:
        """End what waited long enough, admit whom there is to ask, and ask who is due."""
        for ending in self._talks.expired(now.steady):
            self._end(ending, now)
        self._admit(now)
        most = self._brake.most(self._plan.manner.at_once, now.steady)
        for _ in range(most - len(self._talks)):
            due = self._plan.due(now.steady)
            if due is None:
                break
            self._send(*due, now)

    def observe_rapi(
        self, charger: ChargerId, base: str, key: str, payload: bytes, now: Moment
    ) -> None:
        """Somebody asked a charger's controller, or it answered somebody."""
        ending = self._talks.observe(charger, base, key, payload, now.steady)
        if ending is not None:
            self._end(ending, now)

    def _admit(self, now: Moment) -> None:
        self._round.begin_round()
        for telemetry in self._round.next(LOOKED_AT_ONCE, SLICE_SECONDS):
            charger = telemetry.charger.id
            if charger not in self._plan and self._base(telemetry, now) is not None:
                self._plan.admit(charger, now.steady)

    def _base(self, telemetry: Telemetry, now: Moment) -> str | None:
        """Where to ask this charger; None where it is not to be asked now."""
        if not self._unpolled(telemetry.charger.id):
            return None
        return base_for_queries(telemetry.charger, now.steady, silent_after=self._silent_after)

    def _send(self, charger: ChargerId, query: Query, now: Moment) -> None:
        telemetry = self._telemetries.get(charger)
        if telemetry is None:
            self._plan.remove(charger)
            return
        base = self._base(telemetry, now)
        if base is None:
            self._plan.postpone(charger, now.steady)
        elif not self._talks.quiet(charger, now.steady):
            self._count(charger, QueryOutcome.AMBIGUOUS, now)
        elif self._broker.publish_query(base, query):
            self._talks.sent(charger, base, query, now.steady)
        else:
            self._plan.postpone(charger, now.steady)

    def _count(self, charger: ChargerId, outcome: QueryOutcome, now: Moment) -> None:
        self.outcomes[outcome] += 1
        self._plan.done(charger, outcome, now.steady)

    def _end(self, ending: QueryResult, now: Moment) -> None:
        self._count(ending.charger, ending.outcome, now)
        if ending.heard or ending.outcome is QueryOutcome.TIMEOUT:
            self._brake.ended(ending.heard, now.steady)
        if not ending.heard and self._brake.resting(now.steady):
            self._report.query_lost(ending.charger)
        telemetry, document = self._telemetries.get(ending.charger), ending.document
        if telemetry is None or ending.outcome is not QueryOutcome.ANSWERED:
            return
        reader = self._readers[telemetry.charger.dialect]
        self._replies.process_document(
            ending.charger,
            len(document),
            lambda: telemetry.receive_answer(reader.read(document, now.wall), now),
        )
