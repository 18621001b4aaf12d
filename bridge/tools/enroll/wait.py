"""Looks out for one charger's announcement among those of all others."""

import time
from dataclasses import dataclass

from bridge.core.discovery.announcement import Announcement, read_announcement
from bridge.core.errors import AnnounceRefused
from bridge.core.model import Message
from bridge.tools.charger.mqtt_visit import MqttVisit
from bridge.tools.enroll.enrollment import Awaited, Match
from bridge.tools.waiting import Tick

TICK_SECONDS = 0.25
DRAIN_SECONDS = 5.0
GRACE_SECONDS = 10.0
"""After the charger announced another topic; some firmware connects twice."""


@dataclass(frozen=True, slots=True)
class Found:
    """An announcement, and where it was."""

    said: Announcement
    topic: str


class Lookout:
    """`kept` is the retained announcement that fits, `other` a live one with another topic."""

    def __init__(self, visit: MqttVisit, awaited: Awaited) -> None:
        self.awaited = awaited
        self.kept: Found | None = None
        self.other: Found | None = None
        self._visit = visit

    async def drain(self) -> None:
        """Take in what the broker kept, before anything is changed."""
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            if (message := await self._visit.next(TICK_SECONDS)) is None:
                break
            self._take(message)
        self.other = None

    async def watch(self, seconds: float, tick: Tick) -> Found | None:
        """The live announcement that is waited for; None where it does not come."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            tick()
            known = self.other
            message = await self._visit.next(min(TICK_SECONDS, left))
            if message is not None and (found := self._take(message)) is not None:
                return found
            if known is None and self.other is not None:
                end = min(end, time.monotonic() + GRACE_SECONDS)
        return None

    def _take(self, message: Message) -> Found | None:
        """The announcement, where it is live and right."""
        topic, payload, retained = message
        try:
            said = read_announcement(payload)
        except AnnounceRefused:
            return None
        if said is None:
            return None
        found = Found(said, topic.decode(errors="replace"))
        match self.awaited.match(said, found.topic):
            case Match.RIGHT if retained:
                self.kept = found
            case Match.RIGHT:
                return found
            case Match.OTHER_TOPIC if not retained:
                self.other = found
            case _:
                pass
        return None
