"""The only message that is ever published: a read-only query to a charger's controller."""

from bridge.core.errors import AnnounceRefused
from bridge.core.rapi.open_queries import topic
from bridge.core.rapi.query import Query
from bridge.core.rapi.query_base import check_query_base
from bridge.sources.mqtt.client import MqttClient
from bridge.sources.mqtt.link import Link


class PublishingLink(Link):
    """A connection that may publish queries; a plain one only receives."""

    def publish_query(self, base: str, query: Query) -> None:
        """Publish a query to the charger with this base; raises AnnounceRefused for a bad one."""
        check_query_base(base)
        self._client.publish(f"{base}/{topic(query)}", b"", qos=0, retain=False)
        self._write()


class PublishingMqttClient(MqttClient):
    """The bridge's connection where `mqtt.queries` is on."""

    def publish_query(self, base: str, query: Query) -> bool:
        """Publish a query to a charger; False where it was not sent."""
        link = self._link
        if not self._state.connected or not isinstance(link, PublishingLink):
            return False
        try:
            link.publish_query(base, query)
        except AnnounceRefused:
            return False
        return True

    def _make_link(self) -> Link:
        return PublishingLink(self._broker, self)
