"""A charger's MQTT configuration, and the announcement expected from a charger that has it.

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
class ChargerMqttConfig:
    """The MQTT settings to configure; a topic that is None is left unchanged.

    Without a user name the charger's present login is removed: it belongs to another broker.
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
        members: dict[str, Setting | None] = {
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
        return {name: value for name, value in members.items() if value is not None}

    def missing(self, config: Mapping[str, object]) -> list[str]:
        """The settings with another value in `/config`, which never contains the password."""
        return [
            name
            for name, value in self.settings().items()
            if name != _SECRET and name in config and not _equal(config[name], value)
        ]


def _equal(one: object, other: Setting) -> bool:
    """Chargers write switches as true or 1, and some numbers as text."""
    if isinstance(other, bool):
        return one in (other, str(int(other)), str(other).lower())
    return str(one) == str(other)


def text_setting(config: Mapping[str, object], name: str) -> str | None:
    """A setting of `/config` that is non-empty text."""
    value = config.get(name)
    return value if isinstance(value, str) and value else None


class AnnouncementMatch(Enum):
    """Whether an announcement is the expected one."""

    EXPECTED = auto()
    OTHER_TOPIC = auto()
    """From the expected charger, but with another base topic than configured."""
    OTHER_CHARGER = auto()


@dataclass(frozen=True, slots=True)
class ExpectedAnnouncement:
    """How the charger should announce itself; None where that is unknown.

    `host` is that of its URL; `host_is_name`: it is a name, while announcements contain addresses.
    """

    host: str
    host_is_name: bool
    base: str | None
    announce_topic: str | None

    def match(self, announcement: Announcement, topic: str) -> AnnouncementMatch:
        """Whether this charger announced itself as connected."""
        if not announcement.connected:
            return AnnouncementMatch.OTHER_CHARGER
        base = self.base is None or announcement.base == self.base
        expected_topic = topic == self.announce_topic
        match self.address_matches(announcement):
            case True:
                return AnnouncementMatch.EXPECTED if base else AnnouncementMatch.OTHER_TOPIC
            case None if expected_topic:
                return AnnouncementMatch.EXPECTED if base else AnnouncementMatch.OTHER_TOPIC
            case None:
                return (
                    AnnouncementMatch.EXPECTED
                    if base and self.base
                    else AnnouncementMatch.OTHER_CHARGER
                )
            case _:
                # Another address: perhaps a translated one, perhaps another charger, which
                # by default shares the announce topic where ids end alike.
                return (
                    AnnouncementMatch.EXPECTED
                    if base and expected_topic
                    else AnnouncementMatch.OTHER_CHARGER
                )

    def address_matches(self, announcement: Announcement) -> bool | None:
        """Whether the announced address is the charger's; None where that is unknown."""
        address = read_address(announcement.http, range(1, 65536))
        if self.host_is_name or isinstance(address, RefusedAddress) or address.ip is None:
            return None
        return address.host == self.host
