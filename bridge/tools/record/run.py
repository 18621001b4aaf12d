"""`record`: records the MQTT messages of announced chargers, anonymized, for `simulate --from`."""

import asyncio
import json
import math
import time
from typing import TextIO

from bridge.app import from_settings
from bridge.app.service import stop_on_signals
from bridge.core.discovery.announcement import matches, read_announcement
from bridge.core.discovery.subscriptions import Subscriptions
from bridge.core.errors import AnnounceRefused
from bridge.core.model import Message
from bridge.logs.scrub import printable
from bridge.settings import Settings
from bridge.tools.charger.mqtt_session import MqttSession
from bridge.tools.record.anonymizer import Anonymizer, RecordedMessage

STEP_SECONDS = 0.25
"""A signal ends the recording within this time."""
SUBSCRIBE_BATCH = 100


class Recorder:
    """Writes anonymized messages; `pending_topics` are topics still to subscribe to."""

    def __init__(self, settings: Settings, out: TextIO) -> None:
        self.pending_topics: list[str] = []
        self.written = 0
        self.left_out = 0
        self._announce_topics = settings.mqtt.announce_topics
        self._out = out
        self._anonymizer = Anonymizer(settings.fleet.max_chargers)
        self._subscriptions = Subscriptions()
        self._started: float | None = None

    @property
    def chargers(self) -> int:
        """The number of announced chargers."""
        return self._anonymizer.chargers

    def process(self, message: Message, now: float) -> None:
        """Record one message received at `now`, in seconds of any clock."""
        topic, payload, retained = message
        try:
            line = self._anonymized(topic.decode(), payload, retained)
        except (AnnounceRefused, UnicodeDecodeError):
            line = None
        if line is None:
            self.left_out += 1
            return
        self._started = now if self._started is None else self._started
        members = {"charger": line.charger, "topic": line.topic, "payload": line.payload}
        row = {"time": round(now - self._started, 3), **members, "retain": line.retain}
        self._out.write(json.dumps(row) + "\n")
        self.written += 1

    def flush(self) -> None:
        """Flush the output."""
        self._out.flush()

    def _anonymized(self, topic: str, payload: bytes, retained: bool) -> RecordedMessage | None:
        if not any(matches(each, topic) for each in self._announce_topics):
            return self._anonymizer.telemetry(topic, payload, retained)
        announcement = read_announcement(payload)
        if announcement is None:
            return self._anonymizer.cleared(topic)
        line = self._anonymizer.announcement(topic, announcement)
        if line is not None and announcement.base is not None:
            self.pending_topics += self._subscriptions.add(announcement.base).subscribe
        return line


async def record(settings: Settings, seconds: float | None, out: TextIO, err: TextIO) -> None:
    """Record until the time is over or a signal arrives; raises CommandFailed."""
    recorder = Recorder(settings, out)
    recorder.pending_topics += settings.mqtt.announce_topics
    async with MqttSession(from_settings.broker_for_command(settings, "record")) as session:
        await _subscribe_pending(session, recorder, err)
        err.write("recording; press Ctrl-C to stop\n")
        err.flush()
        await _receive(session, recorder, seconds, err)
    err.write(
        f"{recorder.written} messages of {recorder.chargers} chargers; {recorder.left_out} left "
        "out, as they were not measurements\n"
    )


async def _receive(
    session: MqttSession, recorder: Recorder, seconds: float | None, err: TextIO
) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    end = math.inf if seconds is None else time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop.is_set():
        message = await session.receive(0)
        if message is None or len(recorder.pending_topics) >= SUBSCRIBE_BATCH:
            await _subscribe_pending(session, recorder, err)
        if message is None:
            recorder.flush()
            message = await session.receive(min(STEP_SECONDS, left))
        if message is not None:
            recorder.process(message, time.monotonic())


async def _subscribe_pending(session: MqttSession, recorder: Recorder, err: TextIO) -> None:
    """Subscribe to pending topics; one that the broker refuses does not affect the others."""
    topics, recorder.pending_topics = recorder.pending_topics, []
    if topics and (refused := await session.subscribe(*topics)):
        err.write(f"the broker refused the subscription to {printable(', '.join(refused))}\n")
