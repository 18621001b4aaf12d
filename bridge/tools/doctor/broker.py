"""Tests the broker: connects, logs in, receives announcements for some seconds."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field

from bridge.app import from_settings
from bridge.core.discovery.announcement import Announcement, read_announcement
from bridge.core.errors import AnnounceRefused, CommandFailed
from bridge.core.model import ChargerId
from bridge.sources.mqtt.broker import Broker
from bridge.tools.charger.mqtt_session import MqttSession
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, ok, plural, warning
from bridge.tools.doctor.topics import Topics, bases_of, listen_for_bases, topic_findings

SUBJECT = "broker"
ANNOUNCEMENTS = "announcements"
MOST_REFUSED = 10_000
LISTEN_FOR_BASES = 8
"""So many times as long as for announcements: a charger's period is 30 s."""
_CONNECT_REMEDY = "check mqtt.url, mqtt.username and mqtt.password, mqtt.ca_file"
_SUBSCRIBE_REMEDY = "allow the bridge's user to read it in the broker's access rules"


@dataclass(slots=True)
class ReceivedAnnouncements:
    """Counts announcements; at most `max_chargers` chargers are kept."""

    max_chargers: int
    chargers: dict[ChargerId, Announcement] = field(default_factory=dict)
    topics: dict[str, Announcement] = field(default_factory=dict)
    """The newest announcement of each topic."""
    retained: int = 0
    live: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """Why the newest message of a topic is no announcement."""

    def add(self, topic: str, payload: bytes, *, retained: bool) -> None:
        try:
            found = read_announcement(payload)
        except AnnounceRefused as refused:
            if len(self.refused) < MOST_REFUSED:
                self.refused[topic] = str(refused)
            return
        if found is None or (
            found.id not in self.chargers and len(self.chargers) >= self.max_chargers
        ):
            return
        self.chargers[found.id] = self.topics[topic] = found
        self.retained += retained
        self.live += not retained

    def reasons(self, bases: Collection[str]) -> Counter[str]:
        """Why announcements cannot be read; what is below one of these bases is telemetry."""
        return Counter(
            why
            for topic, why in self.refused.items()
            if topic not in bases and topic.rpartition("/")[0] not in bases
        )


async def probe_broker(context: DoctorContext) -> AsyncIterator[Finding]:
    """Connects with its own client id: with the bridge's it would disconnect the bridge."""
    broker = from_settings.broker_for_command(context.settings, "doctor")
    address = f"{broker.host}:{broker.port}"
    try:
        async with MqttSession(broker) as session:
            yield ok(SUBJECT, f"{address} {_connection_text(broker)}")
            wanted = context.settings.mqtt.announce_topics
            refused = await session.subscribe(*wanted)
            for topic in wanted:
                yield _subscription_finding(topic, refused)
            if set(wanted) <= set(refused):
                return
            received = ReceivedAnnouncements(context.settings.fleet.max_chargers)
            await _receive(session, received, context.listen_seconds)
            topics = bases_of(received.topics, context.settings.mqtt)
            heard = await listen_for_bases(
                session, topics, LISTEN_FOR_BASES * context.listen_seconds
            )
    except CommandFailed as trouble:
        yield failed(SUBJECT, str(trouble), _CONNECT_REMEDY)
        return
    context.announced.update(received.chargers)
    for finding in _announcement_findings(received, topics, context.listen_seconds):
        yield finding
    for finding in (*topic_findings(topics, context.settings.mqtt), *heard):
        yield finding


def _connection_text(broker: Broker) -> str:
    tls = "over verified TLS" if broker.tls else "without TLS"
    login = f"accepted the login of {broker.username}" if broker.username else "requires no login"
    return f"responds {tls} and {login}"


def _subscription_finding(topic: str, refused: list[str]) -> Finding:
    if topic in refused:
        return failed(SUBJECT, f"refused the subscription to {topic}", _SUBSCRIBE_REMEDY)
    return ok(SUBJECT, f"granted the subscription to {topic}")


async def _receive(session: MqttSession, received: ReceivedAnnouncements, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        message = await session.receive(left)
        if message is not None:
            topic, payload, retained = message
            received.add(topic.decode(errors="replace"), payload, retained=retained)


def _announcement_findings(
    received: ReceivedAnnouncements, topics: Topics, seconds: float
) -> list[Finding]:
    within = f"within {seconds:g} s"
    bases = {each.base for each in topics.values() if each.base is not None}
    findings = [
        warning(
            ANNOUNCEMENTS,
            f"{plural(count, 'announcement')} cannot be read: {why}",
            "find out what publishes there",
        )
        for why, count in sorted(received.reasons(bases).items())
    ]
    if not received.chargers:
        remedy = (
            "check that chargers use this broker and these announce topics, and that its "
            "access rules allow reading them: some brokers grant a subscription but deliver nothing"
        )
        return [*findings, warning(ANNOUNCEMENTS, f"no charger announced itself {within}", remedy)]
    connected = sum(each.connected for each in received.chargers.values())
    found = (
        f"{plural(len(received.chargers), 'charger')} {within}, {connected} connected "
        f"({received.retained} retained, {received.live} live)"
    )
    return [ok(ANNOUNCEMENTS, found), *findings]
