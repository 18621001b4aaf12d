"""Which chargers each announce topic named, and which of them alternate on it."""

from bridge.core.discovery.charger import Charger
from bridge.core.model import ChargerId

TOPICS_PER_CHARGER = 4
MOST_ALTERNATING = 10_000


class AnnounceTopics:
    """The last few topics of each charger, and the last two chargers of each topic."""

    def __init__(self) -> None:
        self._named: dict[str, dict[ChargerId, None]] = {}
        self._last_two: dict[str, tuple[ChargerId, ChargerId | None]] = {}

    def add(self, charger: Charger, topic: str | None) -> None:
        """Remember that a topic named a charger, to find it by the topic."""
        if topic is None or topic in charger.topics:
            return
        self._named.setdefault(topic, {})[charger.id] = None
        charger.topics.append(topic)
        if len(charger.topics) > TOPICS_PER_CHARGER:
            self._leave(charger, charger.topics.pop(0))

    def named(self, topic: str) -> list[ChargerId]:
        """The chargers that a topic named."""
        return list(self._named.get(topic, ()))

    def alternates(self, charger: ChargerId, topic: str) -> ChargerId | None:
        """The charger with which this one alternates on the topic; None where it does not.

        Two ids that alternate on one announce topic share a client id or a name.
        """
        if len(self._last_two) > MOST_ALTERNATING:
            self._last_two.clear()
        last, before = self._last_two.get(topic, (charger, None))
        if last == charger:
            self._last_two[topic] = (last, before)
            return None
        self._last_two[topic] = (charger, last)
        return last if before == charger else None

    def clear(self, topic: str) -> None:
        """Forget the topic, which an operator cleared."""
        self._last_two.pop(topic, None)

    def remove(self, charger: Charger) -> None:
        """Forget a charger."""
        for topic in charger.topics:
            self._leave(charger, topic)

    def _leave(self, charger: Charger, topic: str) -> None:
        named = self._named.get(topic, {})
        named.pop(charger.id, None)
        if not named:
            self._named.pop(topic, None)
