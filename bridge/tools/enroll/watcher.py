"""Waits for one charger's announcement among those of all chargers."""

import time
from dataclasses import dataclass

from bridge.core.discovery.announcement import Announcement, read_announcement
from bridge.core.errors import AnnounceRefused
from bridge.core.model import Message
from bridge.tools.charger.mqtt_session import MqttSession
from bridge.tools.enroll.enrollment import AnnouncementMatch, ExpectedAnnouncement
from bridge.tools.enroll.progress import Advance

RECEIVE_SECONDS = 0.25
MAX_RETAINED_SECONDS = 5.0
GRACE_SECONDS = 10.0
"""After the charger announced another topic: some firmware connects twice."""


@dataclass(frozen=True, slots=True)
class ReceivedAnnouncement:
    """An announcement and its topic."""

    announcement: Announcement
    topic: str


class AnnouncementWatcher:
    """`retained` is a matching retained announcement, `with_other_topic` a live one."""

    def __init__(self, session: MqttSession, expected: ExpectedAnnouncement) -> None:
        self.expected = expected
        self.retained: ReceivedAnnouncement | None = None
        self.with_other_topic: ReceivedAnnouncement | None = None
        self._session = session

    async def read_retained(self) -> None:
        """Receive the retained announcements, before anything is changed."""
        end = time.monotonic() + MAX_RETAINED_SECONDS
        while time.monotonic() < end:
            if (message := await self._session.receive(RECEIVE_SECONDS)) is None:
                break
            self._process(message)
        self.with_other_topic = None

    async def wait(self, seconds: float, advance: Advance) -> ReceivedAnnouncement | None:
        """The expected live announcement; None where it does not arrive."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            advance()
            before = self.with_other_topic
            message = await self._session.receive(min(RECEIVE_SECONDS, left))
            if message is not None and (found := self._process(message)) is not None:
                return found
            if before is None and self.with_other_topic is not None:
                end = min(end, time.monotonic() + GRACE_SECONDS)
        return None

    def _process(self, message: Message) -> ReceivedAnnouncement | None:
        """The announcement, if it is live and the expected one."""
        topic, payload, retained = message
        try:
            announcement = read_announcement(payload)
        except AnnounceRefused:
            return None
        if announcement is None:
            return None
        found = ReceivedAnnouncement(announcement, topic.decode(errors="replace"))
        match self.expected.match(announcement, found.topic):
            case AnnouncementMatch.EXPECTED if retained:
                self.retained = found
            case AnnouncementMatch.EXPECTED:
                return found
            case AnnouncementMatch.OTHER_TOPIC if not retained:
                self.with_other_topic = found
            case _:
                pass
        return None
