"""`record`: what announced chargers say on MQTT, without names, for `simulate --from`."""

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
from bridge.tools.charger.mqtt_visit import MqttVisit
from bridge.tools.record.anonymous import Anonymous, Line

STEP_SECONDS = 0.25
"""A signal is heard within this time."""
FOLLOWED_AT_ONCE = 100


class Recorder:
    """Writes down what may be told; `wanted` are topics to follow from now on."""

    def __init__(self, settings: Settings, out: TextIO) -> None:
        self.wanted: list[str] = []
        self.written = 0
        self.left_out = 0
        self._announced = settings.mqtt.announce_topics
        self._out = out
        self._names = Anonymous(settings.fleet.max_chargers)
        self._cover = Subscriptions()
        self._began: float | None = None

    @property
    def chargers(self) -> int:
        """How many announced themselves."""
        return self._names.chargers

    def take(self, message: Message, now: float) -> None:
        """Write one message down that came at `now`, in seconds of any clock."""
        topic, payload, retained = message
        try:
            line = self._line(topic.decode(), payload, retained)
        except (AnnounceRefused, UnicodeDecodeError):
            line = None
        if line is None:
            self.left_out += 1
            return
        self._began = now if self._began is None else self._began
        said = {"charger": line.charger, "topic": line.topic, "payload": line.payload}
        row = {"time": round(now - self._began, 3), **said, "retain": line.retain}
        self._out.write(json.dumps(row) + "\n")
        self.written += 1

    def flush(self) -> None:
        """Let readers see all of it."""
        self._out.flush()

    def _line(self, topic: str, payload: bytes, retained: bool) -> Line | None:
        if not any(matches(each, topic) for each in self._announced):
            return self._names.telemetry(topic, payload, retained)
        said = read_announcement(payload)
        if said is None:
            return self._names.cleared(topic)
        line = self._names.announcement(topic, said)
        if line is not None and said.base is not None:
            self.wanted += self._cover.add(said.base).subscribe
        return line


async def record(settings: Settings, seconds: float | None, out: TextIO, err: TextIO) -> None:
    """Until the time is over or a signal comes; raises CommandFailed where the broker fails."""
    recorder = Recorder(settings, out)
    recorder.wanted += settings.mqtt.announce_topics
    async with MqttVisit(from_settings.broker_for_command(settings, "record")) as visit:
        await _follow(visit, recorder, err)
        err.write("recording; Ctrl-C ends it\n")
        err.flush()
        await _listen(visit, recorder, seconds, err)
    err.write(
        f"{recorder.written} messages of {recorder.chargers} chargers; {recorder.left_out} left "
        "out, which were no measurements\n"
    )


async def _listen(visit: MqttVisit, recorder: Recorder, seconds: float | None, err: TextIO) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    end = math.inf if seconds is None else time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop.is_set():
        message = await visit.next(0)
        if message is None or len(recorder.wanted) >= FOLLOWED_AT_ONCE:
            await _follow(visit, recorder, err)
        if message is None:
            recorder.flush()
            message = await visit.next(min(STEP_SECONDS, left))
        if message is not None:
            recorder.take(message, time.monotonic())


async def _follow(visit: MqttVisit, recorder: Recorder, err: TextIO) -> None:
    """Hear what is wanted; a topic that the broker keeps to itself does not end the others."""
    wanted, recorder.wanted = recorder.wanted, []
    if wanted and (refused := await visit.follow(*wanted)):
        err.write(f"the broker does not let us hear {printable(', '.join(refused))}\n")
