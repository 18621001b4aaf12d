"""The roster: every charger's track, kept in step with what the fleet decides."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import read_announcement
from bridge.core.discovery.charger import Charger, restored
from bridge.core.discovery.claims import Outcome
from bridge.core.discovery.fleet import Fleet, Rules
from bridge.core.errors import AnnounceRefused
from bridge.core.fields.decoder import Decoders
from bridge.core.labels import Labels
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.output.writer import Writer
from bridge.core.telemetry.presence import PRESENCES, SeriesTable
from bridge.core.telemetry.saved import usable
from bridge.core.telemetry.telemetry import Telemetry, TelemetryConfig
from bridge.ingest.router import Routes
from bridge.listener import Listener
from bridge.runtime.round_robin import Portions

RETIRED_AT_ONCE = 20


class Lines(SeriesTable, Protocol):
    """The exposition, as the roster uses it."""

    def retire(self, charger: ChargerId) -> None:
        """Take all series of a charger away."""


class Roster:
    """Owns the tracks; takes announcements, sweeps, and knows what to save."""

    def __init__(
        self,
        *,
        rules: Rules,
        habits: TelemetryConfig,
        announce_topics: tuple[str, ...],
        tags: Mapping[str, str],
        labels: Callable[[ChargerId], Labels],
        board: Lines,
        out: Outbox,
        listener: Listener,
        unrouted: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._habits = habits
        self._tags = tags
        self._labels = labels
        self._board = board
        self._out = out
        self._listener = listener
        self._floor_ms = 0
        self._decoders = Decoders()
        self.fleet = Fleet(rules)
        self.tracks: dict[ChargerId, Telemetry] = {}
        self._round = Portions(self.tracks.values)
        self.router = Routes(
            fleet=self.fleet,
            tracks=self.tracks,
            announce_topics=announce_topics,
            announced=self.announce,
            greeted=self.greet,
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
        kept = {ChargerId(each): usable(body) for each, body in bodies.items()}
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
                self._track(charger, kept[charger.id], trusted=trusted)
            except (TypeError, ValueError, KeyError):
                # Who and where it is stands; its counters begin anew.
                self._board.retire(charger.id)
                self._listener.spoiled(charger.id)
                self._track(charger, {}, trusted=False)

    def announce(self, payload: bytes, topic: str, retained: bool, now: Moment) -> None:
        """Take a message on an announce topic."""
        try:
            said = read_announcement(payload)
        except AnnounceRefused as refusal:
            self._listener.announced(refusal.reason, "", topic)
            return
        if said is None:
            outcome = self.fleet.clear(topic)
        else:
            outcome = self.fleet.announce(said, topic, retained=retained, now=now)
        self._apply(outcome)
        self._listener.announced(outcome.label, said.id if said else "", topic)
        if said is not None and said.connected and not retained:
            self._listener.connected(said.id, now)

    def greet(self, charger: ChargerId, base: str, connected: bool, now: Moment) -> None:
        """Take a plain `connected` or `disconnected` on a charger's base topic."""
        outcome = self.fleet.greet(charger, base, connected=connected, now=now)
        self._apply(outcome)
        self._listener.announced(outcome.label, charger, base)

    def sweep(self, now: Moment, most: int, seconds: float = math.inf) -> None:
        """Look at up to `most` chargers' clocks, for so long, going round."""
        retired = 0
        for track in self._round.take(most, seconds):
            if self.tracks.get(track.charger.id) is track:
                track.sweep(now)
                if retired < RETIRED_AT_ONCE and self.fleet.expired(track.charger, now):
                    retired += 1
                    self._apply(self.fleet.retire(track.charger))

    def rewind(self) -> None:
        """Begin a new round of sweeping, if the last one is done."""
        self._round.rewind()

    def close(self) -> None:
        """End all open frames: the bridge stops."""
        for track in self.tracks.values():
            track.close()

    def bodies(self, chargers: Iterable[ChargerId]) -> dict[ChargerId, SavedState | None]:
        """What the state file is to keep of these; None for those that are gone."""
        return {id_: self.tracks[id_].saved() if id_ in self.tracks else None for id_ in chargers}

    def presences(self) -> dict[str, int]:
        """How many chargers are up, silent, offline, unheard."""
        counts = dict.fromkeys(PRESENCES, 0)
        for track in self.tracks.values():
            counts[track.presence.kind()] += 1
        return counts

    def _track(self, charger: Charger, body: SavedState, *, trusted: bool) -> Telemetry:
        charger.labels = self._labels(charger.id)
        writer = Writer(charger.id, out=self._out, tags=self._tags, floor_ms=self._floor_ms)
        writer.set_site(charger.labels.site)
        writer.restore(body.get("stamps"))
        track = self.tracks[charger.id] = Telemetry(
            charger, board=self._board, out=self._out, writer=writer, habits=self._habits,
            decoders=self._decoders, body=body, trusted=trusted,
        )  # fmt: skip
        return track

    def _apply(self, outcome: Outcome) -> None:
        """Do what the fleet decided."""
        for charger in outcome.retired:
            self._retire(charger)
        for charger in outcome.touched:
            if self.fleet.get(charger.id) is charger:
                track = self.tracks.get(charger.id) or self._track(charger, {}, trusted=True)
                track.presence.update()
                self._out.dirty.add(charger.id)
        for charger, base in outcome.moves:
            self.router.forget(charger.id)
            self.router.forget_above(base)
        for event in outcome.events:
            if event.charger in self.tracks:
                self.tracks[event.charger].writer.write_event(event)
        if outcome.changes:
            self._listener.subscriptions(outcome.changes)

    def _retire(self, charger: Charger) -> None:
        track = self.tracks.pop(charger.id, None)
        if track is not None:
            track.close()
            # Should it come back, its stamps go on.
            self._floor_ms = max(self._floor_ms, *track.writer.stamps())
        self.router.forget(charger.id)
        self._board.retire(charger.id)
        self._out.dirty.add(charger.id)
        self._listener.retired(charger.id)
