"""Asking over MQTT: chargers without HTTP, for the counters that MQTT does not bring."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.rapi.askable import base_to_ask
from bridge.core.rapi.brake import Brake
from bridge.core.rapi.plan import QueryPlan
from bridge.core.rapi.query import Query
from bridge.core.rapi.talks import Ending, Outcome, Talks
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.poll_replies import Replies
from bridge.runtime.round_robin import PORTION_SECONDS, Portions

TICK_SECONDS = 0.25
LOOKED_AT_ONCE = 500


class Broker(Protocol):
    """What asking needs of the connection."""

    def ask(self, base: str, query: Query) -> bool:
        """Put a query to a charger; False where it did not go out."""


class Teller(Protocol):
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
        tracks: Mapping[ChargerId, Telemetry],
        plan: QueryPlan,
        broker: Broker,
        readers: Mapping[Dialect, StatusReader],
        replies: Replies,
        teller: Teller,
        unpolled: Callable[[ChargerId], bool],
        silent_after: float,
    ) -> None:
        self._tracks = tracks
        self._plan = plan
        self._broker = broker
        self._readers = readers
        self._replies = replies
        self._teller = teller
        self._unpolled = unpolled
        self._silent_after = silent_after
        self._talks = Talks()
        self._brake = Brake()
        self._round = Portions(tracks.values)
        self.outcomes: dict[str, int] = dict.fromkeys(Outcome, 0)

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
            due = self._plan.take(now.steady)
            if due is None:
                break
            self._ask(*due, now)

    def heard(self, charger: ChargerId, base: str, key: str, payload: bytes, now: Moment) -> None:
        """Somebody asked a charger's controller, or it answered somebody."""
        ending = self._talks.heard(charger, base, key, payload, now.steady)
        if ending is not None:
            self._end(ending, now)

    def _admit(self, now: Moment) -> None:
        self._round.rewind()
        for track in self._round.take(LOOKED_AT_ONCE, PORTION_SECONDS):
            charger = track.charger.id
            if charger not in self._plan and self._base(track, now) is not None:
                self._plan.admit(charger, now.steady)

    def _base(self, track: Telemetry, now: Moment) -> str | None:
        """Where to ask this charger; None where it is not to be asked now."""
        if not self._unpolled(track.charger.id):
            return None
        return base_to_ask(track.charger, now.steady, silent_after=self._silent_after)

    def _ask(self, charger: ChargerId, query: Query, now: Moment) -> None:
        track = self._tracks.get(charger)
        if track is None:
            self._plan.forget(charger)
            return
        base = self._base(track, now)
        if base is None:
            self._plan.put_off(charger, now.steady)
        elif not self._talks.quiet(charger, now.steady):
            self._count(charger, Outcome.AMBIGUOUS, now)
        elif self._broker.ask(base, query):
            self._talks.begin(charger, base, query, now.steady)
        else:
            self._plan.put_off(charger, now.steady)

    def _count(self, charger: ChargerId, outcome: Outcome, now: Moment) -> None:
        self.outcomes[outcome] += 1
        self._plan.done(charger, outcome, now.steady)

    def _end(self, ending: Ending, now: Moment) -> None:
        self._count(ending.charger, ending.outcome, now)
        if ending.heard or ending.outcome is Outcome.TIMEOUT:
            self._brake.ended(ending.heard, now.steady)
        if not ending.heard and self._brake.resting(now.steady):
            self._teller.query_lost(ending.charger)
        track, document = self._tracks.get(ending.charger), ending.document
        if track is None or ending.outcome is not Outcome.ANSWERED:
            return
        reader = self._readers[track.charger.dialect]
        self._replies.reply(
            ending.charger,
            len(document),
            lambda: track.receive_answer(reader.read(document, now.wall), now),
        )
