"""Messages without names: who and where is replaced, what was measured is kept.

What a charger says beside measurements (documents with SSIDs in them, commands, keys that the
catalogue does not know) is left out.
"""

import json
import re
from dataclasses import dataclass, field

from bridge.core.discovery.announcement import Announcement
from bridge.core.fields.catalogue import LIVE, Kind

MEASURED = frozenset(wire for wire, row in LIVE.items() if row.kind is not Kind.TEXT)
_HARMLESS = re.compile(
    rb"|true|false|null|[-+]?(nan|inf|\d{1,20}(\.\d{0,20})?(e[-+]?\d{1,4})?)"
    rb"|\d{4}-\d\d-\d\dT[\d:.]{1,16}Z?",
    re.IGNORECASE,
)
"""The empty payload, flags, numbers and times; no word or address that somebody chose."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a recording; `payload` is text."""

    charger: str
    topic: str
    payload: str
    retain: bool


@dataclass(slots=True)
class Anonymous:
    """The same new name for the same old one throughout a recording.

    Topics are renamed level by level, so that an empty level stays empty, and a base inside
    another base stays inside it. `most` bounds chargers, announce topics and bases, of each so
    many: strangers can announce them without end.
    """

    most: int
    _chargers: dict[str, int] = field(default_factory=dict)
    _topics: dict[str, int] = field(default_factory=dict)
    _levels: dict[str, int] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)

    @property
    def chargers(self) -> int:
        """How many chargers have a name."""
        return len(self._chargers)

    def announcement(self, topic: str, said: Announcement) -> Line | None:
        """What it said of itself, retained, as a charger sends it; None for one too many."""
        if self._one_too_many(topic, said):
            return None
        name = f"charger-{_number(self._chargers, said.id)}"
        members = {"state": "connected" if said.connected else "disconnected", "id": name}
        if said.name is not None:
            members["name"] = name
        if said.base is not None:
            self._owners[said.base] = name
            members["mqtt"] = self._renamed(said.base)
        if said.http is not None:
            members["http"] = f"http://{name}.invalid/"
        return Line(name, self._announce_topic(topic), json.dumps(members), True)

    def cleared(self, topic: str) -> Line | None:
        """An operator took away what was announced there; None where that was never heard."""
        if topic not in self._topics:
            return None
        return Line("", self._announce_topic(topic), "", True)

    def telemetry(self, topic: str, payload: bytes, retained: bool) -> Line | None:
        """A measured value of a charger that was announced; None for all else."""
        base, _, key = topic.rpartition("/")
        owner = self._owners.get(base)
        if owner is None or key not in MEASURED or not _HARMLESS.fullmatch(payload):
            return None
        return Line(owner, f"{self._renamed(base)}/{key}", payload.decode(), retained)

    def _one_too_many(self, topic: str, said: Announcement) -> bool:
        names = ((self._chargers, said.id), (self._topics, topic), (self._owners, said.base))
        return any(
            len(known) >= self.most and name not in known
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
