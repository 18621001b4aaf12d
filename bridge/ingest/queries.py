"""Queries over MQTT: to chargers without HTTP, for the counters that they do not publish."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.rapi.open_queries import OpenQueries, QueryOutcome, QueryResult
from bridge.core.rapi.query import Query
from bridge.core.rapi.query_backoff import QueryBackoff
from bridge.core.rapi.query_base import base_for_queries
from bridge.core.rapi.schedule import QuerySchedule
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.boundary import Boundary
from bridge.ingest.pipeline import DocumentPipeline
from bridge.runtime.round_robin import SLICE_SECONDS, RoundRobin

TICK_SECONDS = 0.25
SWEPT_AT_ONCE = 500


class QueryPublisher(Protocol):
    """What queries need of the MQTT connection."""

    def publish_query(self, base: str, query: Query) -> bool:
        """Publish a query to a charger; False where it was not sent."""


class QueryReport(Protocol):
    """Logs that the broker does not pass our queries on."""

    def query_lost(self, charger: ChargerId) -> None:
        """The broker passed none of several queries on; the last was to this charger."""


class Queries:
    """Decides whom to query, and processes each controller's answer.

    `unpolled`: whether a charger cannot be polled over HTTP.
    """

    def __init__(
        self,
        *,
        telemetries: Mapping[ChargerId, Telemetry],
        schedule: QuerySchedule,
        publisher: QueryPublisher,
        readers: Mapping[Dialect, StatusReader],
        documents: DocumentPipeline,
        boundary: Boundary,
        report: QueryReport,
        unpolled: Callable[[ChargerId], bool],
        silent_after: float,
    ) -> None:
        self._telemetries = telemetries
        self._schedule = schedule
        self._publisher = publisher
        self._readers = readers
        self._documents = documents
        self._boundary = boundary
        self._report = report
        self._unpolled = unpolled
        self._silent_after = silent_after
        self._open = OpenQueries()
        self._backoff = QueryBackoff()
        self._round = RoundRobin(telemetries.values)
        self.outcomes: dict[str, int] = dict.fromkeys(QueryOutcome, 0)

    async def run(self, clock: Callable[[], Moment]) -> None:
        """Query until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.sweep(clock())

    def sweep(self, now: Moment) -> None:
        """End the queries that timed out, admit new chargers, and query those that are due."""
        for result in self._open.expired(now.steady):
            self._boundary.run(result.charger, self._end, result, now)
        self._admit(now)
        most = self._backoff.limit(self._schedule.config.at_once, now.steady)
        for _ in range(most - len(self._open)):
            due = self._schedule.due(now.steady)
            if due is None:
                break
            self._boundary.run(due[0], self._send, *due, now)

    def observe_rapi(
        self, charger: ChargerId, base: str, key: str, payload: bytes, now: Moment
    ) -> None:
        """A live message to or from a charger's controller, ours or somebody else's."""
        result = self._open.observe(charger, base, key, payload, now.steady)
        if result is not None:
            self._end(result, now)

    def _admit(self, now: Moment) -> None:
        self._round.begin_round()
        for telemetry in self._round.next(SWEPT_AT_ONCE, SLICE_SECONDS):
            self._boundary.run(telemetry.charger.id, self._admit_charger, telemetry, now)

    def _admit_charger(self, telemetry: Telemetry, now: Moment) -> None:
        charger = telemetry.charger.id
        if charger not in self._schedule and self._base(telemetry, now) is not None:
            self._schedule.admit(charger, now.steady)

    def _base(self, telemetry: Telemetry, now: Moment) -> str | None:
        """The base topic to query; None where the charger must not be queried now."""
        if not self._unpolled(telemetry.charger.id):
            return None
        return base_for_queries(telemetry.charger, now.steady, silent_after=self._silent_after)

    def _send(self, charger: ChargerId, query: Query, now: Moment) -> None:
        telemetry = self._telemetries.get(charger)
        if telemetry is None:
            self._schedule.remove(charger)
            return
        base = self._base(telemetry, now)
        if base is None:
            self._schedule.postpone(charger, now.steady)
        elif not self._open.quiet(charger, now.steady):
            self._count(charger, QueryOutcome.AMBIGUOUS, now)
        elif self._publisher.publish_query(base, query):
            self._open.sent(charger, base, query, now.steady)
        else:
            self._schedule.postpone(charger, now.steady)

    def _count(self, charger: ChargerId, outcome: QueryOutcome, now: Moment) -> None:
        self.outcomes[outcome] += 1
        self._schedule.done(charger, outcome, now.steady)

    def _end(self, result: QueryResult, now: Moment) -> None:
        self._count(result.charger, result.outcome, now)
        if result.delivered or result.outcome is QueryOutcome.TIMEOUT:
            self._backoff.ended(result.delivered, now.steady)
        if not result.delivered and self._backoff.paused(now.steady):
            self._report.query_lost(result.charger)
        telemetry, document = self._telemetries.get(result.charger), result.document
        if telemetry is None or result.outcome is not QueryOutcome.ANSWERED:
            return
        reader = self._readers[telemetry.charger.dialect]
        self._documents.process(
            result.charger,
            len(document),
            lambda: telemetry.documents.receive_answer(reader.read(document, now.unix), now),
        )
