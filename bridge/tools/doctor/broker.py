"""Tries the broker: reaches it, logs in, hears the announce topics for some seconds."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bridge.app import from_settings
from bridge.core.discovery.announcement import Announcement, read_announcement
from bridge.core.errors import AnnounceRefused, CommandFailed
from bridge.core.model import ChargerId
from bridge.sources.mqtt.broker import Broker
from bridge.tools.charger.mqtt_visit import MqttVisit
from bridge.tools.doctor.finding import Case, Finding, counted, doubtful, failed, good

SUBJECT = "broker"
ANNOUNCED = "announcements"
_CANNOT_JOIN = "look at mqtt.url, mqtt.username and mqtt.password, mqtt.ca_file"
_CANNOT_HEAR = "let the bridge's user read it in the broker's access rules"


@dataclass(slots=True)
class Heard:
    """The announcements that came; `most` bounds the chargers that are remembered."""

    most: int
    chargers: dict[ChargerId, Announcement] = field(default_factory=dict)
    retained: int = 0
    live: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def take(self, payload: bytes, *, retained: bool) -> None:
        try:
            found = read_announcement(payload)
        except AnnounceRefused as refused:
            self.refused[str(refused)] += 1
            return
        if found is None or (found.id not in self.chargers and len(self.chargers) >= self.most):
            return
        self.chargers[found.id] = found
        self.retained += retained
        self.live += not retained


async def probe_broker(case: Case) -> AsyncIterator[Finding]:
    """Visits under a client id of its own: with the bridge's own it would cut the bridge off."""
    broker = from_settings.broker_for_command(case.settings, "doctor")
    place = f"{broker.host}:{broker.port}"
    try:
        async with MqttVisit(broker) as visit:
            yield good(SUBJECT, f"{place} {_joined(broker)}")
            topics = case.settings.mqtt.announce_topics
            refused = await visit.follow(*topics)
            for topic in topics:
                yield _granted(topic, refused)
            if set(topics) <= set(refused):
                return
            heard = Heard(case.settings.fleet.max_chargers)
            await _listen(visit, heard, case.listen_seconds)
    except CommandFailed as trouble:
        yield failed(SUBJECT, str(trouble), _CANNOT_JOIN)
        return
    case.announced.update(heard.chargers)
    for finding in _told(heard, case.listen_seconds):
        yield finding


def _joined(broker: Broker) -> str:
    tls = "over verified TLS" if broker.tls else "without TLS"
    login = f"took the login of {broker.username}" if broker.username else "asks for no login"
    return f"answers {tls} and {login}"


def _granted(topic: str, refused: list[str]) -> Finding:
    if topic in refused:
        return failed(SUBJECT, f"refuses the subscription to {topic}", _CANNOT_HEAR)
    return good(SUBJECT, f"granted the subscription to {topic}")


async def _listen(visit: MqttVisit, heard: Heard, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        message = await visit.next(left)
        if message is not None:
            _, payload, retained = message
            heard.take(payload, retained=retained)


def _told(heard: Heard, seconds: float) -> list[Finding]:
    where = f"within {seconds:g} s"
    findings = [
        doubtful(
            ANNOUNCED,
            f"{counted(count, 'announcement')} cannot be read: {why}",
            "see what publishes there",
        )
        for why, count in sorted(heard.refused.items())
    ]
    if not heard.chargers:
        remedy = (
            "see whether chargers use this broker and these announce topics, and whether its "
            "access rules let us hear them: some brokers grant a subscription and pass on nothing"
        )
        return [*findings, doubtful(ANNOUNCED, f"no charger announced itself {where}", remedy)]
    connected = sum(each.connected for each in heard.chargers.values())
    found = (
        f"{counted(len(heard.chargers), 'charger')} {where}, {connected} connected "
        f"({heard.retained} retained, {heard.live} live)"
    )
    return [good(ANNOUNCED, found), *findings]
