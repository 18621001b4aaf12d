"""Anonymizes messages: names and addresses are replaced, measurements are kept.

Everything else that a charger sends (documents with SSIDs, commands, unknown keys) is left out.
"""

import json
import re
from dataclasses import dataclass, field

from bridge.core.discovery.announcement import Announcement
from bridge.core.fields.catalogue import LIVE, Kind

MEASURED_FIELDS = frozenset(wire for wire, row in LIVE.items() if row.kind is not Kind.TEXT)
_HARMLESS_PAYLOAD = re.compile(
    rb"|true|false|null|[-+]?(nan|inf|\d{1,20}(\.\d{0,20})?(e[-+]?\d{1,4})?)"
    rb"|\d{4}-\d\d-\d\dT[\d:.]{1,16}Z?",
    re.IGNORECASE,
)
"""The empty payload, flags, numbers and times; no words or addresses."""


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """One message of a recording; `payload` is text."""

    charger: str
    topic: str
    payload: str
    retain: bool


@dataclass(slots=True)
class Anonymizer:
    """Replaces the same name by the same new name throughout a recording.

    Topics are renamed level by level, so that an empty level stays empty, and a base inside
    another base stays inside it. `max_names` limits chargers, announce topics and bases, each:
    anyone can announce any number of them.
    """

    max_names: int
    _chargers: dict[str, int] = field(default_factory=dict)
    _topics: dict[str, int] = field(default_factory=dict)
    _levels: dict[str, int] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)

    @property
    def chargers(self) -> int:
        """The number of chargers."""
        return len(self._chargers)

    def announcement(self, topic: str, announcement: Announcement) -> RecordedMessage | None:
        """The anonymized announcement, retained; None beyond the limit."""
        if self._exceeds_limit(topic, announcement):
            return None
        name = f"charger-{_number(self._chargers, announcement.id)}"
        members = {"state": "connected" if announcement.connected else "disconnected", "id": name}
        if announcement.name is not None:
            members["name"] = name
        if announcement.base is not None:
            self._owners[announcement.base] = name
            members["mqtt"] = self._renamed(announcement.base)
        if announcement.http is not None:
            members["http"] = f"http://{name}.invalid/"
        return RecordedMessage(name, self._announce_topic(topic), json.dumps(members), True)

    def cleared(self, topic: str) -> RecordedMessage | None:
        """A cleared retained announcement; None for an unknown topic."""
        if topic not in self._topics:
            return None
        return RecordedMessage("", self._announce_topic(topic), "", True)

    def telemetry(self, topic: str, payload: bytes, retained: bool) -> RecordedMessage | None:
        """A measurement of an announced charger; None for any other message."""
        base, _, key = topic.rpartition("/")
        owner = self._owners.get(base)
        if owner is None or key not in MEASURED_FIELDS or not _HARMLESS_PAYLOAD.fullmatch(payload):
            return None
        return RecordedMessage(owner, f"{self._renamed(base)}/{key}", payload.decode(), retained)

    def _exceeds_limit(self, topic: str, announcement: Announcement) -> bool:
        names = (
            (self._chargers, announcement.id),
            (self._topics, topic),
            (self._owners, announcement.base),
        )
        return any(
            len(known) >= self.max_names and name not in known
            for known, name in names
            if name is not None
        )

    def _announce_topic(self, topic: str) -> str:
        return f"openevse/announce/{_number(self._topics, topic)}"

    def _renamed(self, base: str) -> str:
        levels = base.split("/")
        return "/".join(level and f"level-{_number(self._levels, level)}" for level in levels)


def _number(known: dict[str, int], name: str) -> int:
    return known.setdefault(name, len(known) + 1)
