"""How the route of a topic is found: the longest base wins."""

from collections.abc import Callable

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import LONGEST_BASE, matches
from bridge.core.discovery.claims import DiscoveryOutcome
from bridge.core.discovery.fleet import Fleet
from bridge.core.fields.catalogue import LIVE
from bridge.core.model import ChargerId, Reason
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.pipeline import Route
from bridge.ingest.routes import (
    CONTROLLER,
    AnnouncementReceiver,
    AnnounceRoute,
    FieldRoute,
    GreetingReceiver,
    GreetingRoute,
    IgnoredRoute,
    RapiObserver,
    RapiRoute,
    UnroutedRoute,
    ignored_because,
)

MOST_UNKNOWN = 64
LONGEST_KEPT = 512


class Router:
    """All routes by raw topic, and how a new one is found."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        telemetries: dict[ChargerId, Telemetry],
        announce_topics: tuple[str, ...],
        announced: AnnouncementReceiver,
        greeted: GreetingReceiver,
        unrouted: Callable[[], None],
        told: Callable[[DiscoveryOutcome], None],
    ) -> None:
        self.routes: dict[bytes, Route] = {}
        self.rapi_observer: RapiObserver | None = None
        """Who follows what is asked of controllers; set before anything is heard, or never."""
        self._fleet = fleet
        self._telemetries = telemetries
        self._announce_topics = announce_topics
        self._announced = announced
        self._greeted = greeted
        self._nobody = UnroutedRoute(unrouted)
        self._told = told
        self._learned: dict[ChargerId, list[bytes]] = {}
        self._unknown: dict[ChargerId, int] = {}

    def find(self, topic: bytes) -> Route:
        """The route of a topic not heard before; kept if there is room for it."""
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            return self._nobody
        if any(matches(wanted, name) for wanted in self._announce_topics):
            fits = len(topic) <= LONGEST_BASE
            return AnnounceRoute(name, self._announced) if fits else self._nobody
        own = self._fleet.owner(name)
        end = name.rfind("/", 0, LONGEST_BASE + 1)
        while end > 0:
            charger, key = self._fleet.owner(name[:end]), name[end + 1 :]
            # Who claims a field of another as its base does not take it away.
            if charger is not None and (own is None or key in LIVE):
                return self._below(self._telemetries[charger.id], name[:end], key, topic)
            end = name.rfind("/", 0, end)
        return self._bare(own.id, name, topic) if own else self._nobody

    def forget(self, charger: ChargerId) -> None:
        """Learn this charger's topics anew: its bases, or whose they are, changed."""
        for topic in self._learned.pop(charger, ()):
            self.routes.pop(topic, None)
        self._unknown.pop(charger, None)

    def forget_above(self, base: str) -> None:
        """A base came or went: what the bases around it learned may be somebody else's."""
        end = len(base)
        while end > 0:
            for charger in self._fleet.claimants(base[:end]):
                self.forget(charger.id)
            end = base.rfind("/", 0, end)

    def _below(self, telemetry: Telemetry, base: str, key: str, topic: bytes) -> Route:
        charger = telemetry.charger.id
        channel = telemetry.channel(key)
        if channel is not None:
            route: Route = FieldRoute(telemetry, channel, base, self._hear)
        else:
            route = self._other(charger, base, key)
            self._unknown[charger] = self._unknown.get(charger, 0) + 1
            if self._unknown[charger] > MOST_UNKNOWN or len(topic) > LONGEST_KEPT:
                return route
        return self._keep(charger, topic, route)

    def _other(self, charger: ChargerId, base: str, key: str) -> Route:
        if self.rapi_observer is not None and key.startswith(CONTROLLER):
            return RapiRoute(charger, base, key, self.rapi_observer)
        return IgnoredRoute(charger, ignored_because(key))

    def _bare(self, charger: ChargerId, base: str, topic: bytes) -> Route:
        return self._keep(charger, topic, GreetingRoute(charger, base, self._greeted, self._nobody))

    def _keep(self, charger: ChargerId, topic: bytes, route: Route) -> Route:
        self.routes[topic] = route
        self._learned.setdefault(charger, []).append(topic)
        return route

    def _hear(self, telemetry: Telemetry, base: str, now: Moment) -> Reason | None:
        reason, outcome = self._fleet.receive_telemetry(telemetry.charger, base, now)
        if outcome.events or outcome.changes or outcome.touched:
            self._told(outcome)
        return reason
