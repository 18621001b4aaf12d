"""The routes that were found, by raw topic, and which charger each one belongs to."""

from bridge.core.model import ChargerId
from bridge.ingest.pipeline import Route

MOST_UNKNOWN = 64
"""Topics of a charger that carry no telemetry and are kept all the same."""
LONGEST_KEPT = 512


class RouteTable:
    """`routes` is looked up once per message; what is not in it, the router finds."""

    def __init__(self) -> None:
        self.routes: dict[bytes, Route] = {}
        self._topics: dict[ChargerId, list[bytes]] = {}
        self._unknown: dict[ChargerId, int] = {}

    def keep(self, charger: ChargerId, topic: bytes, route: Route) -> Route:
        """Remember a route."""
        self.routes[topic] = route
        self._topics.setdefault(charger, []).append(topic)
        return route

    def keep_unknown(self, charger: ChargerId, topic: bytes, route: Route) -> Route:
        """Remember the route of a topic without telemetry, if there is room for it."""
        self._unknown[charger] = self._unknown.get(charger, 0) + 1
        if self._unknown[charger] > MOST_UNKNOWN or len(topic) > LONGEST_KEPT:
            return route
        return self.keep(charger, topic, route)

    def drop(self, charger: ChargerId) -> None:
        """Find this charger's routes anew: its bases, or whose they are, changed."""
        for topic in self._topics.pop(charger, ()):
            self.routes.pop(topic, None)
        self._unknown.pop(charger, None)
