"""The registry: every charger's telemetry, kept in step with what the fleet decides."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import read_announcement
from bridge.core.discovery.charger import Charger, restored
from bridge.core.discovery.claims import DiscoveryOutcome
from bridge.core.discovery.fleet import Fleet, FleetConfig
from bridge.core.errors import AnnounceRefused
from bridge.core.fields.decoder import Decoders
from bridge.core.labels import Labels
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.output.writer import Writer
from bridge.core.telemetry.presence import PRESENCES, SeriesTable
from bridge.core.telemetry.saved import usable_members
from bridge.core.telemetry.telemetry import Telemetry, TelemetryConfig
from bridge.ingest.router import Router
from bridge.listener import RegistryReport
from bridge.runtime.round_robin import RoundRobin

RETIRED_AT_ONCE = 20


class ChargerSeries(SeriesTable, Protocol):
    """The exposition, as the registry uses it."""

    def retire(self, charger: ChargerId) -> None:
        """Take all series of a charger away."""


class Registry:
    """Owns the telemetries; takes announcements, sweeps, and knows what to save."""

    def __init__(
        self,
        *,
        rules: FleetConfig,
        telemetry_config: TelemetryConfig,
        announce_topics: tuple[str, ...],
        tags: Mapping[str, str],
        labels: Callable[[ChargerId], Labels],
        series_table: ChargerSeries,
        out: Outbox,
        listener: RegistryReport,
        unrouted: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._telemetry_config = telemetry_config
        self._tags = tags
        self._labels = labels
        self._series_table = series_table
        self._out = out
        self._listener = listener
        self._floor_ms = 0
        self._decoders = Decoders()
        self.fleet = Fleet(rules)
        self.telemetries: dict[ChargerId, Telemetry] = {}
        self._round = RoundRobin(self.telemetries.values)
        self.router = Router(
            fleet=self.fleet,
            telemetries=self.telemetries,
            announce_topics=announce_topics,
            announced=self.receive_announcement,
            greeted=self.receive_greeting,
            unrouted=unrouted,
            told=self._apply,
        )

    def restore(
        self, bodies: Mapping[str, SavedState], *, trusted: bool, floor_ms: int, now: Moment
    ) -> None:
        """Take in what the state file remembers; `floor_ms` is the journal's last stamp.

        `trusted`: the last run ended cleanly, so that no counter was shown further on.
        """
        self._floor_ms = floor_ms
        kept = {ChargerId(each): usable_members(body) for each, body in bodies.items()}
        chargers = [
            restored(id_, body, self._rules.dialect_of(id_), now.steady)
            for id_, body in kept.items()
        ]
        for ignored in self.fleet.restore(chargers):
            self._retire(ignored)
        for charger in self.fleet:
            if len(kept[charger.id]) < len(bodies[charger.id]):
                self._listener.spoiled(charger.id)
            try:
                self._telemetry(charger, kept[charger.id], trusted=trusted)
            except (TypeError, ValueError, KeyError):
                # Who and where it is stands; its counters begin anew.
                self._series_table.retire(charger.id)
                self._listener.spoiled(charger.id)
                self._telemetry(charger, {}, trusted=False)

    def receive_announcement(self, payload: bytes, topic: str, retained: bool, now: Moment) -> None:
        """Take a message on an announce topic."""
        try:
            said = read_announcement(payload)
        except AnnounceRefused as refusal:
            self._listener.announced(refusal.reason, "", topic)
            return
        if said is None:
            outcome = self.fleet.clear_topic(topic)
        else:
            outcome = self.fleet.receive_announcement(said, topic, retained=retained, now=now)
        self._apply(outcome)
        self._listener.announced(outcome.label, said.id if said else "", topic)
        if said is not None and said.connected and not retained:
            self._listener.connected(said.id, now)

    def receive_greeting(self, charger: ChargerId, base: str, connected: bool, now: Moment) -> None:
        """Take a plain `connected` or `disconnected` on a charger's base topic."""
        outcome = self.fleet.receive_greeting(charger, base, connected=connected, now=now)
        self._apply(outcome)
        self._listener.announced(outcome.label, charger, base)

    def sweep(self, now: Moment, most: int, seconds: float = math.inf) -> None:
        """Look at up to `most` chargers' clocks, for so long, going round."""
        retired = 0
        for telemetry in self._round.next(most, seconds):
            if self.telemetries.get(telemetry.charger.id) is telemetry:
                telemetry.sweep(now)
                if retired < RETIRED_AT_ONCE and self.fleet.expired(telemetry.charger, now):
                    retired += 1
                    self._apply(self.fleet.retire(telemetry.charger))

    def begin_round(self) -> None:
        """Begin a new round of sweeping, if the last one is done."""
        self._round.begin_round()

    def close(self) -> None:
        """End all open frames: the bridge stops."""
        for telemetry in self.telemetries.values():
            telemetry.close()

    def saved_states(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        """What the state file is to keep of these; None for those that are gone."""
        return {
            id_: self.telemetries[id_].saved() if id_ in self.telemetries else None
            for id_ in chargers
        }

    def presences(self) -> dict[str, int]:
        """How many chargers are up, silent, offline, unheard."""
        counts = dict.fromkeys(PRESENCES, 0)
        for telemetry in self.telemetries.values():
            counts[telemetry.presence.kind()] += 1
        return counts

    def _telemetry(self, charger: Charger, body: SavedState, *, trusted: bool) -> Telemetry:
        charger.labels = self._labels(charger.id)
        writer = Writer(charger.id, out=self._out, tags=self._tags, floor_ms=self._floor_ms)
        writer.set_site(charger.labels.site)
        writer.restore(body.get("stamps"))
        telemetry = self.telemetries[charger.id] = Telemetry(
            charger, series_table=self._series_table, out=self._out, writer=writer,
            telemetry_config=self._telemetry_config,
            decoders=self._decoders, body=body, trusted=trusted,
        )  # fmt: skip
        return telemetry

    def _apply(self, outcome: DiscoveryOutcome) -> None:
        """Do what the fleet decided."""
        for charger in outcome.retired:
            self._retire(charger)
        for charger in outcome.touched:
            if self.fleet.get(charger.id) is charger:
                telemetry = self.telemetries.get(charger.id) or self._telemetry(
                    charger, {}, trusted=True
                )
                telemetry.presence.update()
                self._out.dirty.add(charger.id)
        for charger, base in outcome.moves:
            self.router.forget(charger.id)
            self.router.forget_above(base)
        for event in outcome.events:
            if event.charger in self.telemetries:
                self.telemetries[event.charger].writer.write_event(event)
        if outcome.changes:
            self._listener.subscriptions(outcome.changes)

    def _retire(self, charger: Charger) -> None:
        telemetry = self.telemetries.pop(charger.id, None)
        if telemetry is not None:
            telemetry.close()
            # Should it come back, its stamps go on.
            self._floor_ms = max(self._floor_ms, *telemetry.writer.stamps())
        self.router.forget(charger.id)
        self._series_table.retire(charger.id)
        self._out.dirty.add(charger.id)
        self._listener.retired(charger.id)
