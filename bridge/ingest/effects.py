"""All effects of discovery's decisions, in one place: nothing else acts on an outcome."""

from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.claims import DiscoveryOutcome
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.subscriptions import SubscriptionChange, WantedFilters
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.telemetry.saved import usable_members
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.registry import Registry
from bridge.ingest.route_table import RouteTable


class RetiringSeries(Protocol):
    """What the effects need of the exposition."""

    def retire(self, charger: ChargerId) -> None:
        """Remove all series of a charger."""


class ScheduledPolls(Protocol):
    """What the effects need of polling."""

    def poll_soon(self, charger: ChargerId, now: Moment) -> None:
        """The charger just announced itself: /status may have changed."""

    def remove(self, charger: ChargerId) -> None:
        """The charger retired."""


class EffectsReport(Protocol):
    """Logs what happened to a charger."""

    def state_unreadable(self, charger: ChargerId) -> None:
        """The charger's saved state cannot be read."""

    def retired(self, charger: ChargerId) -> None:
        """The charger is no longer followed."""


class Effects:
    """Carries out outcomes; `polling` is None where HTTP is switched off."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        registry: Registry,
        routes: RouteTable,
        wanted: WantedFilters,
        out: Outbox,
        series_table: RetiringSeries,
        polling: ScheduledPolls | None,
        announce_topics: tuple[str, ...],
        report: EffectsReport,
    ) -> None:
        self._fleet = fleet
        self._registry = registry
        self._routes = routes
        self._wanted = wanted
        self._out = out
        self._series_table = series_table
        self._polling = polling
        self._announce_topics = announce_topics
        self._report = report

    def apply(self, outcome: DiscoveryOutcome) -> None:
        """Carry out what the fleet decided."""
        # First: after an error in what follows, a charger must still be heard.
        for change in outcome.changes:
            self._wanted.apply(change)
        for charger in outcome.retired:
            self._retire(charger)
        for charger in outcome.forgotten:
            self.forget(charger)
        for charger in outcome.touched:
            self._update(charger)
        for charger, base in outcome.moves:
            self._drop_routes(charger, base)
        for event in outcome.events:
            if event.charger in self._registry.telemetries:
                self._registry.telemetries[event.charger].write_event(event)
        self._out.dirty.update(charger.id for charger in outcome.unsaved)

    def subscribe_all(self) -> None:
        """Subscribe to the bases of all chargers, as after a start."""
        self._wanted.apply(SubscriptionChange(subscribe=tuple(self._fleet.filters())))

    def poll_soon(self, charger: ChargerId, now: Moment) -> None:
        """After a live announcement: /status says why the charger connected again."""
        if self._polling is not None:
            self._polling.poll_soon(charger, now)

    def ask_again(self) -> None:
        """Subscribe to the announce topics again: the broker repeats what it retains."""
        self._wanted.repeat(self._announce_topics)

    def forget(self, charger: Charger) -> None:
        """Remove a charger from everything, its counters too."""
        try:
            self._registry.forget(charger.id)
        finally:
            self._remove(charger)
            if not charger.retired:
                self._report.retired(charger.id)

    def _retire(self, charger: Charger) -> None:
        """Its series go; its counters are remembered."""
        try:
            self._registry.retire(charger)
        finally:
            self._remove(charger)
            self._report.retired(charger.id)

    def _remove(self, charger: Charger) -> None:
        self._routes.drop(charger.id)
        self._series_table.retire(charger.id)
        self._out.dirty.add(charger.id)
        if self._polling is not None:
            self._polling.remove(charger.id)

    def restore(self, charger: Charger, saved: SavedState, *, trusted: bool) -> Telemetry:
        """Create its telemetry from its saved state, or without it where it is unusable."""
        try:
            return self._registry.add(charger, saved, trusted=trusted)
        except (TypeError, ValueError, KeyError):
            # Its id and address are still valid; its counters start again.
            self._series_table.retire(charger.id)
            self.report_state_unreadable(charger.id)
            return self._registry.add(charger, {}, trusted=False)

    def report_state_unreadable(self, charger: ChargerId) -> None:
        """Report that some of a charger's saved state cannot be used."""
        self._report.state_unreadable(charger)

    def _update(self, charger: Charger) -> None:
        """A charger's identity changed: expose and save it."""
        if self._fleet.get(charger.id) is charger:
            existing = self._registry.telemetries.get(charger.id)
            telemetry = existing or self._bring_back(charger)
            telemetry.identity_changed()
            self._out.dirty.add(charger.id)

    def _bring_back(self, charger: Charger) -> Telemetry:
        """The telemetry of a charger that is new, or returns with its counters."""
        remembered = self._registry.recall(charger.id)
        return self.restore(charger, usable_members(remembered), trusted=True)

    def _drop_routes(self, charger: Charger, base: str) -> None:
        """A base topic was added or removed: its topics, and those of the bases above it, may
        now belong to another charger."""
        self._routes.drop(charger.id)
        end = len(base)
        while end > 0:
            for claimant in self._fleet.claimants(base[:end]):
                self._routes.drop(claimant.id)
            end = base.rfind("/", 0, end)
