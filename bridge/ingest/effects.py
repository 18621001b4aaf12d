"""Every effect of what discovery decided, in one place: nothing else acts on an outcome."""

from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.claims import DiscoveryOutcome
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.subscriptions import SubscriptionChange, WantedFilters
from bridge.core.model import ChargerId
from bridge.core.output.outbox import Outbox
from bridge.ingest.registry import Registry
from bridge.ingest.route_table import RouteTable


class RetiringSeries(Protocol):
    """The exposition, as far as a charger that retires is concerned."""

    def retire(self, charger: ChargerId) -> None:
        """Remove all series of a charger."""


class ScheduledPolls(Protocol):
    """The polling, as far as announcements are concerned."""

    def poll_soon(self, charger: ChargerId, now: Moment) -> None:
        """The charger just announced itself: /status has something new."""

    def remove(self, charger: ChargerId) -> None:
        """The charger retired."""


class EffectsReport(Protocol):
    """Who logs what happened to a charger."""

    def spoiled(self, charger: ChargerId) -> None:
        """What was saved of the charger cannot be read."""

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
        report: EffectsReport,
    ) -> None:
        self._fleet = fleet
        self._registry = registry
        self._routes = routes
        self._wanted = wanted
        self._out = out
        self._series_table = series_table
        self._polling = polling
        self._report = report

    def apply(self, outcome: DiscoveryOutcome) -> None:
        """Carry out what the fleet decided."""
        for charger in outcome.retired:
            self.retire(charger)
        for charger in outcome.touched:
            self._update(charger)
        for charger, base in outcome.moves:
            self._drop_routes(charger, base)
        for event in outcome.events:
            if event.charger in self._registry.telemetries:
                self._registry.telemetries[event.charger].write_event(event)
        for change in outcome.changes:
            self._wanted.apply(change)

    def follow_all(self) -> None:
        """Subscribe to the bases of all chargers, as after a start."""
        self._wanted.apply(SubscriptionChange(subscribe=tuple(self._fleet.filters())))

    def poll_soon(self, charger: ChargerId, now: Moment) -> None:
        """A live announcement: whatever made the charger connect again, /status knows."""
        if self._polling is not None:
            self._polling.poll_soon(charger, now)

    def retire(self, charger: Charger) -> None:
        """Let go of all that is known of a charger."""
        self._registry.remove(charger.id)
        self._routes.drop(charger.id)
        self._series_table.retire(charger.id)
        self._out.dirty.add(charger.id)
        self._report.retired(charger.id)
        if self._polling is not None:
            self._polling.remove(charger.id)

    def report_spoiled(self, charger: ChargerId) -> None:
        """Some of what was saved of a charger cannot be used."""
        self._report.spoiled(charger)

    def expose_anew(self, charger: ChargerId) -> None:
        """Remove the series that were exposed from a saved state that cannot be used."""
        self._series_table.retire(charger)

    def _update(self, charger: Charger) -> None:
        """What is exposed and saved of a charger's identity changed."""
        if self._fleet.get(charger.id) is charger:
            known = self._registry.telemetries.get(charger.id)
            telemetry = known or self._registry.add(charger, {}, trusted=True)
            telemetry.identity_changed()
            self._out.dirty.add(charger.id)

    def _drop_routes(self, charger: Charger, base: str) -> None:
        """A base came or went: its topics, and those of the bases around it, may now belong
        to another charger."""
        self._routes.drop(charger.id)
        end = len(base)
        while end > 0:
            for claimant in self._fleet.claimants(base[:end]):
                self._routes.drop(claimant.id)
            end = base.rfind("/", 0, end)
