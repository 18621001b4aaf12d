"""Tests the topics of announced chargers: overlaps, the wildcard, and the prefix of a bridge."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bridge.core.discovery.announcement import Announcement, matches
from bridge.core.discovery.prefix import bases_below, with_prefix
from bridge.core.discovery.subscriptions import SubscriptionMode
from bridge.settings import MqttSettings
from bridge.tools.charger.mqtt_session import MqttSession
from bridge.tools.doctor.finding import Finding, plural, warning

SUBJECT = "topics"
MOST_LISTENED = 10
"""So many chargers are listened to."""

Topics = Mapping[str, Announcement]
"""Announcements by their topic."""


def bases_of(announced: Topics, mqtt: MqttSettings) -> Topics:
    """The announcements of connected chargers that name a base, with the base at our broker."""
    return {
        topic: replace(each, base=with_prefix(each.base, mqtt.prefix, topic))
        for topic, each in announced.items()
        if each.connected and each.base is not None
    }


def topic_findings(announced: Topics, mqtt: MqttSettings) -> Iterator[Finding]:
    """Overlaps of announce topics and telemetry, and bases outside the wildcard."""
    bases = sorted({each.base for each in announced.values() if each.base is not None})
    for topic in mqtt.announce_topics:
        covered = [base for base in bases if matches(topic, f"{base}/amp")]
        if covered:
            found = f"the announce topic {topic} also covers telemetry, such as {covered[0]}/amp"
            yield warning(SUBJECT, found, "name the announce topics alone in mqtt.announce_topics")
    wildcard = mqtt.wildcard
    if mqtt.subscriptions is SubscriptionMode.WILDCARD and wildcard is not None:
        outside = [base for base in bases if not matches(wildcard, f"{base}/amp")]
        if outside:
            found = f"{plural(len(outside), 'base topic')} outside mqtt.wildcard: {outside[0]}"
            yield warning(SUBJECT, found, "set mqtt.wildcard to a filter that covers every charger")


async def listen_for_bases(
    session: MqttSession, announced: Topics, seconds: float
) -> list[Finding]:
    """Whether a silent charger speaks below the leading levels of its announce topic.

    Ends with the first live message; a finding only where that shows a wrong prefix.
    """
    places = _places(announced)
    if not places:
        return []
    await session.subscribe(*(f"{place}/#" for place in places))
    base, heard = await _first_heard(session, places, seconds)
    if heard is None or heard == base:
        return []
    lead = heard.removesuffix(f"/{base}")
    return [
        warning(
            SUBJECT,
            f"the announced base topic {base} is silent, but {heard} is not: a broker bridge seems "
            f"to add {lead}/",
            f"set mqtt.prefix to {lead}, or to + for the first level of each announce topic",
        )
    ]


def _places(announced: Topics) -> dict[str, str]:
    """Where chargers may be heard, and the announced base of each place."""
    places: dict[str, str] = {}
    for topic, each in list(announced.items())[:MOST_LISTENED]:
        base = each.base or ""
        places[base] = base
        for place in bases_below(topic, base):
            places.setdefault(place, base)
    return places


async def _first_heard(
    session: MqttSession, places: Mapping[str, str], seconds: float
) -> tuple[str, str | None]:
    """The announced base, and the place where its charger was heard live; None for nowhere."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        message = await session.receive(left)
        if message is None or message[2]:
            continue
        place = message[0].decode(errors="replace").rpartition("/")[0]
        if place in places:
            return places[place], place
    return "", None
