"""The MQTT settings that a charger is given, and whether an announcement shows that it has them.

Source: integration guide, "POST /config" and "Announcement topic".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from bridge.core.discovery.announcement import Announcement
from bridge.core.polling.address import RefusedAddress, read_address

Setting = str | int | bool
_SECRET = "mqtt_pass"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a charger is to be told; a topic that is None stays as it is.

    Without a user name the charger forgets the login that it has: it belongs to another broker.
    """

    server: str
    port: int
    tls: bool = False
    verify: bool = True
    topic: str | None = None
    announce_topic: str | None = None
    username: str = ""
    password: str = field(default="", repr=False)

    def settings(self) -> dict[str, Setting]:
        """The members of the body of POST /config."""
        wanted: dict[str, Setting | None] = {
            "mqtt_enabled": True,
            "mqtt_protocol": "mqtts" if self.tls else "mqtt",
            "mqtt_server": self.server,
            "mqtt_port": self.port,
            "mqtt_topic": self.topic,
            "mqtt_user": self.username,
            _SECRET: self.password,
            "mqtt_reject_unauthorized": self.verify,
            "mqtt_announce_topic": self.announce_topic,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def missing(self, config: Mapping[str, object]) -> list[str]:
        """The settings that `/config` shows with another value; it never shows the password."""
        return [
            name
            for name, value in self.settings().items()
            if name != _SECRET and name in config and not _same(config[name], value)
        ]


def _same(one: object, other: Setting) -> bool:
    """Chargers write switches as true or 1, and numbers as text now and then."""
    if isinstance(other, bool):
        return one in (other, str(int(other)), str(other).lower())
    return str(one) == str(other)


def text_of(config: Mapping[str, object], name: str) -> str | None:
    """A setting of `/config` that is text, and not empty."""
    value = config.get(name)
    return value if isinstance(value, str) and value else None


class Match(Enum):
    """What an announcement is to the charger that is waited for."""

    RIGHT = auto()
    OTHER_TOPIC = auto()
    """It is the charger's, with another base topic than it was told."""
    STRANGER = auto()


@dataclass(frozen=True, slots=True)
class Awaited:
    """How the charger should announce itself; None where it is not known.

    `host` is the one in its URL, `named` tells that it is a name: announcements hold addresses.
    """

    host: str
    named: bool
    base: str | None
    announce_topic: str | None

    def match(self, said: Announcement, topic: str) -> Match:
        """Whether it is this charger that announced itself as connected."""
        if not said.connected:
            return Match.STRANGER
        base = self.base is None or said.base == self.base
        here = topic == self.announce_topic
        match self.same_place(said):
            case True:
                return Match.RIGHT if base else Match.OTHER_TOPIC
            case None if here:
                return Match.RIGHT if base else Match.OTHER_TOPIC
            case None:
                return Match.RIGHT if base and self.base else Match.STRANGER
            case _:
                # Another address: perhaps a translated one, perhaps another charger, which
                # by default shares the announce topic where ids end alike.
                return Match.RIGHT if base and here else Match.STRANGER

    def same_place(self, said: Announcement) -> bool | None:
        """Whether the announced address is the charger's; None where that cannot be told."""
        place = read_address(said.http, range(1, 65536))
        if self.named or isinstance(place, RefusedAddress) or place.ip is None:
            return None
        return place.host == self.host
