"""Discovery: announcements, greetings and silence change the fleet, and effects are applied."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import Announcement, check_base, read_announcement
from bridge.core.discovery.charger import Charger, restored
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.prefix import with_prefix
from bridge.core.errors import AnnounceRefused
from bridge.core.model import ChargerId, Reason, SavedState
from bridge.core.telemetry.saved import usable_members
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.boundary import Boundary
from bridge.ingest.effects import Effects
from bridge.ingest.registry import Registry

RETIRED_AT_ONCE = 20


class DiscoveryReport(Protocol):
    """Counts and logs announcements."""

    def announced(self, label: str, charger: str, topic: str) -> None:
        """An announcement was accepted or refused; `label` says how."""


class Discovery:
    """Passes each message to the fleet, and its outcome to the effects."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        registry: Registry,
        effects: Effects,
        report: DiscoveryReport,
        boundary: Boundary,
        prefix: str | None = None,
    ) -> None:
        """`prefix`: what a broker bridge puts before all topics."""
        self._fleet = fleet
        self._registry = registry
        self._effects = effects
        self._report = report
        self._boundary = boundary
        self._prefix = prefix

    def restore(self, states: Mapping[str, SavedState], *, trusted: bool, now: Moment) -> None:
        """Follow the chargers of the state file; `trusted` as for `Registry.add`."""
        usable = {ChargerId(each): usable_members(state) for each, state in states.items()}
        chargers = [
            restored(id_, state, self._fleet.dialect_of(id_), now.steady)
            for id_, state in usable.items()
        ]
        for ignored in self._fleet.restore(chargers):
            self._effects.forget(ignored)
        self._report_over_limit(self._fleet.left_out)
        for charger in self._fleet:
            if len(usable[charger.id]) < len(states[charger.id]):
                self._effects.report_state_unreadable(charger.id)
            self._effects.restore(charger, usable[charger.id], trusted=trusted)
        for retired in self._fleet.members.retired:
            self._registry.remember(retired, usable[retired.id])
        self._effects.subscribe_all()

    def receive_announcement(self, payload: bytes, topic: str, retained: bool, now: Moment) -> None:
        """Process a message on an announce topic."""
        try:
            announcement = self._read(payload, topic)
        except AnnounceRefused as refusal:
            self._report.announced(refusal.reason, "", topic)
            return
        if announcement is None:
            outcome = self._fleet.clear_topic(topic)
        else:
            outcome = self._fleet.receive_announcement(
                announcement, topic, retained=retained, now=now
            )
        self._effects.apply(outcome)
        self._report_over_limit(outcome.displaced)
        self._report.announced(outcome.label, announcement.id if announcement else "", topic)
        if announcement is not None and announcement.connected and not retained:
            self._effects.poll_soon(announcement.id, now)

    def _report_over_limit(self, chargers: Iterable[Charger]) -> None:
        for charger in chargers:
            self._report.announced("limit", charger.id, charger.announce_topic or "")

    def _read(self, payload: bytes, topic: str) -> Announcement | None:
        """The announcement with the base topic as our broker has it."""
        announcement = read_announcement(payload)
        if announcement is None or announcement.base is None:
            return announcement
        base = with_prefix(announcement.base, self._prefix, topic)
        check_base(base)
        return replace(announcement, base=base)

    def receive_greeting(self, charger: ChargerId, base: str, connected: bool, now: Moment) -> None:
        """Process a plain `connected` or `disconnected` on a charger's base topic."""
        outcome = self._fleet.receive_greeting(charger, base, connected=connected, now=now)
        self._effects.apply(outcome)
        self._report.announced(outcome.label, charger, base)

    def receive_telemetry(self, telemetry: Telemetry, base: str, now: Moment) -> Reason | None:
        """Live telemetry whose charger is in doubt; returns why it must be discarded, or None."""
        reason, outcome = self._fleet.receive_telemetry(telemetry.charger, base, now)
        if outcome.events or outcome.changes or outcome.touched:
            self._effects.apply(outcome)
        return reason

    def receive_return(self, charger: Charger) -> None:
        """Live telemetry of a charger that has retired: it is followed again."""
        outcome = self._fleet.members.receive_return(charger)
        self._effects.apply(outcome)
        self._report.announced(outcome.label, charger.id, charger.base or "")

    def sweep(self, now: Moment, most: int, seconds: float = math.inf, *, listened: float) -> None:
        """Sweep up to `most` chargers within so many seconds; retire those silent for too long.

        `listened` is for how many seconds of this run the bridge was connected and subscribed.
        """
        retired = 0
        for telemetry in self._registry.sweep(now, most, seconds):
            if retired < RETIRED_AT_ONCE:
                charger = telemetry.charger
                retired += self._boundary.run(charger.id, self._listen, charger, listened) or 0

    def _listen(self, charger: Charger, listened: float) -> int:
        """Add to a charger's silence; 1 if that retires it, else 0."""
        outcome = self._fleet.members.observe_silence(charger, listened)
        if outcome is None:
            return 0
        self._effects.apply(outcome)
        return len(outcome.retired)

    def sweep_retired(self, listened: float) -> None:
        """Once an hour: forget who retired long ago, and ask for the announcements again where
        an announced charger may not be followed."""
        self._effects.apply(self._fleet.members.sweep_retired(listened))
        if self._fleet.members.must_ask():
            self._effects.ask_again()
