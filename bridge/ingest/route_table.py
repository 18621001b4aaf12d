"""The known routes by raw topic, and which charger each one belongs to."""

from bridge.core.model import ChargerId
from bridge.ingest.pipeline import Route

MOST_UNKNOWN = 64
"""Topics per charger that carry no telemetry and are in the table nevertheless."""
LONGEST_TOPIC = 512


class RouteTable:
    """`routes` is looked up once per message; the router finds what is not in it."""

    def __init__(self) -> None:
        self.routes: dict[bytes, Route] = {}
        self._topics: dict[ChargerId, list[bytes]] = {}
        self._unknown: dict[ChargerId, int] = {}

    def add(self, charger: ChargerId, topic: bytes, route: Route) -> Route:
        """Add a route."""
        self.routes[topic] = route
        self._topics.setdefault(charger, []).append(topic)
        return route

    def add_unknown(self, charger: ChargerId, topic: bytes, route: Route) -> Route:
        """Add the route of a topic without telemetry, if there is room for it."""
        self._unknown[charger] = self._unknown.get(charger, 0) + 1
        if self._unknown[charger] > MOST_UNKNOWN or len(topic) > LONGEST_TOPIC:
            return route
        return self.add(charger, topic, route)

    def replace(self, topic: bytes, route: Route) -> Route:
        """Put another route in the place of a topic's, if that is in the table."""
        if topic in self.routes:
            self.routes[topic] = route
        return route

    def drop(self, charger: ChargerId) -> None:
        """Remove this charger's routes: its bases, or their owner, changed."""
        for topic in self._topics.pop(charger, ()):
            self.routes.pop(topic, None)
        self._unknown.pop(charger, None)
