"""Finds the route of a topic by the longest base topic."""

from collections.abc import Callable

from bridge.core.discovery.announcement import LONGEST_BASE, matches
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.fleet import Fleet
from bridge.core.fields.catalogue import LIVE
from bridge.core.model import ChargerId
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.discovery import Discovery
from bridge.ingest.pipeline import Route
from bridge.ingest.registry import Registry
from bridge.ingest.route_table import RouteTable
from bridge.ingest.routes import (
    CONTROLLER,
    AnnounceRoute,
    FieldRoute,
    GreetingRoute,
    IgnoredRoute,
    OverlapRoute,
    RapiObserver,
    RapiRoute,
    RetiredRoute,
    UnroutedRoute,
    ignored_because,
)


class Router:
    """Finds routes; `rapi_observer` receives queries to controllers and their answers,
    `observe_unrouted` the topics that belong to no charger."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        registry: Registry,
        table: RouteTable,
        discovery: Discovery,
        announce_topics: tuple[str, ...],
        unrouted: Callable[[], None],
        rapi_observer: RapiObserver | None,
        observe_unrouted: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.routes = table.routes
        self._table = table
        self._fleet = fleet
        self._registry = registry
        self._discovery = discovery
        self._announce_topics = announce_topics
        self._unrouted = UnroutedRoute(unrouted)
        self._rapi_observer = rapi_observer
        self._observe_unrouted = observe_unrouted

    def find(self, topic: bytes) -> Route:
        """The route of a topic that is not in `routes`; added to it if there is room."""
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            return self._unrouted
        route = self._resolve(name, topic)
        if any(matches(wanted, name) for wanted in self._announce_topics):
            route = self._announcing(name, topic, route)
        elif route is self._unrouted:
            self._observe_unrouted(name)
        return route

    def _resolve(self, name: str, topic: bytes) -> Route:
        """The route of a topic at or below a base, whatever the announce topics are."""
        own = self._fleet.owner(name)
        end = name.rfind("/", 0, LONGEST_BASE + 1)
        while end > 0:
            charger, key = self._fleet.owner(name[:end]), name[end + 1 :]
            # A charger that claims another one's field topic as its base does not get that field.
            if charger is not None and (own is None or key in LIVE):
                if charger.retired:
                    return self._retired(charger, name[:end], key, topic)
                return self._below(self._telemetry(charger), name[:end], key, topic)
            end = name.rfind("/", 0, end)
        return self._base(own.id, name, topic) if own else self._unrouted

    def _telemetry(self, charger: Charger) -> Telemetry:
        """It is missing only where its announcement was cut short by an unforeseen error."""
        existing = self._registry.telemetries.get(charger.id)
        return existing or self._registry.add(charger, {}, trusted=True)

    def _announcing(self, name: str, topic: bytes, route: Route) -> Route:
        """The route of an announce topic that has this route, too."""
        if len(topic) > LONGEST_BASE:
            return route
        announce = AnnounceRoute(name, self._discovery.receive_announcement)
        if route is self._unrouted:
            return announce
        overlap = OverlapRoute(name, announce, route, self._fleet.announced_on)
        return self._table.replace(topic, overlap)

    def _below(self, telemetry: Telemetry, base: str, key: str, topic: bytes) -> Route:
        charger = telemetry.charger.id
        channel = telemetry.channel(key)
        if channel is None:
            return self._table.add_unknown(charger, topic, self._other(charger, base, key))
        route = FieldRoute(telemetry, channel, base, self._discovery.receive_telemetry)
        return self._table.add(charger, topic, route)

    def _retired(self, charger: Charger, base: str, key: str, topic: bytes) -> Route:
        if key not in LIVE:
            return self._other(charger.id, base, key)
        return RetiredRoute(charger, topic, self._discovery.receive_return, self.find)

    def _other(self, charger: ChargerId, base: str, key: str) -> Route:
        if self._rapi_observer is not None and key.startswith(CONTROLLER):
            return RapiRoute(charger, base, key, self._rapi_observer)
        return IgnoredRoute(charger, ignored_because(key))

    def _base(self, charger: ChargerId, base: str, topic: bytes) -> Route:
        receive = self._discovery.receive_greeting
        route = GreetingRoute(charger, base, receive, self._unrouted)
        return self._table.add(charger, topic, route)
