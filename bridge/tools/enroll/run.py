"""`enroll`: gives a charger its MQTT settings, and waits until it announces itself."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TextIO

from bridge.core.discovery.announcement import Announcement, matches
from bridge.core.errors import CommandFailed
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.logs.scrub import HIDDEN, printable
from bridge.settings import Settings
from bridge.sources.mqtt.broker import Broker
from bridge.tools.charger.find import typed
from bridge.tools.charger.http_request import Result
from bridge.tools.charger.mqtt_visit import MqttVisit
from bridge.tools.charger.requests import configuring, reading
from bridge.tools.charger.web_call import WebCall, loopback
from bridge.tools.enroll.enrollment import Awaited, Wish, text_of
from bridge.tools.enroll.wait import Found, Lookout
from bridge.tools.enroll.why import connected, why_silent
from bridge.tools.waiting import waiting

SAME_SECONDS = 10.0
"""A charger that had all settings before may see no reason to connect anew."""
_LONGEST_MESSAGE = 80


@dataclass(frozen=True, slots=True)
class Task:
    """What to do; `broker` is where we listen for the announcement, `wait` in seconds."""

    url: str
    wish: Wish
    broker: Broker
    wait: float


async def enroll(task: Task, settings: Settings, out: TextIO, err: TextIO) -> None:
    """What announced itself to `out`, all else to `err`; raises CommandFailed."""
    call = WebCall(settings, typed(task.url))
    before = await _config(call)
    awaited = _awaited(call, task.wish, before)
    _warn(call, task.wish, settings, awaited, err)
    async with AsyncExitStack() as stack:
        lookout = await _listen(stack, task, settings, awaited)
        await _configure(call, task.wish)
        err.write(f"{call.address} took the settings\n")
        found = await _wait(call, task, lookout, before, err)
    if awaited.same_place(found.said) is False:
        err.write(f"warning: it announced another address than {call.address.host}\n")
    _show(found, out)


async def _listen(
    stack: AsyncExitStack, task: Task, settings: Settings, awaited: Awaited
) -> Lookout:
    """Hear announcements, before anything is changed."""
    topics = {*settings.mqtt.announce_topics, *filter(None, [awaited.announce_topic])}
    try:
        visit = await stack.enter_async_context(MqttVisit(task.broker))
        if refused := await visit.follow(*topics):
            raise CommandFailed(f"the broker does not let us hear {', '.join(refused)}")
        lookout = Lookout(visit, awaited)
        await lookout.drain()
    except CommandFailed as failed:
        raise CommandFailed(f"{failed}. Nothing was changed at the charger") from failed
    return lookout


async def _config(call: WebCall) -> Mapping[str, object]:
    result = await call.run(reading(Page.CONFIG))
    if result.outcome is not PollOutcome.OK:
        raise CommandFailed(f"{call.trouble(result)}. Nothing was changed at the charger")
    return result.document or {}


def _awaited(call: WebCall, wish: Wish, before: Mapping[str, object]) -> Awaited:
    return Awaited(
        host=call.address.host,
        named=call.address.ip is None,
        base=wish.topic or text_of(before, "mqtt_topic"),
        announce_topic=wish.announce_topic or _plain(text_of(before, "mqtt_announce_topic")),
    )


def _plain(topic: str | None) -> str | None:
    """What a charger says is an announce topic is not subscribed to with wildcards."""
    safe = topic is not None and topic.isprintable() and not set("+#") & set(topic)
    return topic if safe and len(topic or "") <= 255 else None


async def _configure(call: WebCall, wish: Wish) -> None:
    result = await call.run(configuring(wish.settings()))
    said = _words(result, wish.password)
    match result:
        case Result(outcome=PollOutcome.OK) if said == "done":
            return
        case Result(outcome=PollOutcome.OK):
            raise CommandFailed(f"{call.address} did not say that it took the settings: {said}")
        case Result(outcome=PollOutcome.HTTP_ERROR):
            raise CommandFailed(
                f"{call.address} refused the settings (HTTP status {result.status}): {said}"
            )
        case Result(
            outcome=PollOutcome.UNAUTHORIZED | PollOutcome.FORBIDDEN | PollOutcome.NOT_FOUND
        ):
            raise CommandFailed(call.trouble(result))
        case _:
            raise CommandFailed(
                f"{call.trouble(result)}. Whether it took the settings is not known: try again"
            )


def _words(result: Result, secret: str) -> str:
    """The charger's message, which may repeat what it was told."""
    said = str((result.document or {}).get("msg", ""))
    return printable((said.replace(secret, HIDDEN) if secret else said)[:_LONGEST_MESSAGE])


async def _wait(
    call: WebCall, task: Task, lookout: Lookout, before: Mapping[str, object], err: TextIO
) -> Found:
    """Until the charger announces itself as it should; raises CommandFailed where it does not."""
    same = not task.wish.missing(before)
    first = min(SAME_SECONDS, task.wait) if same else task.wait
    with waiting("waiting for the charger's announcement", task.wait, err) as tick:
        found = await lookout.watch(first, tick)
        if found is None and same and lookout.kept is not None and await connected(call):
            return lookout.kept
        if found is None and lookout.other is None and first < task.wait:
            found = await lookout.watch(task.wait - first, tick)
    if found is None:
        raise CommandFailed(await why_silent(call, task.wish, lookout, task.wait))
    return found


def _warn(call: WebCall, wish: Wish, settings: Settings, awaited: Awaited, err: TextIO) -> None:
    topic = awaited.announce_topic
    if topic and not any(matches(each, topic) for each in settings.mqtt.announce_topics):
        err.write(
            f"warning: the bridge does not listen on {printable(topic)}: add it to "
            "mqtt.announce_topics (NOFOS_MQTT__ANNOUNCE_TOPICS)\n"
        )
    if wish.server in {"localhost", "127.0.0.1", "::1"} and not loopback(call.address):
        err.write(f"warning: {wish.server} is the charger itself, as the charger sees it\n")


def _show(found: Found, out: TextIO) -> None:
    said: Announcement = found.said
    rows = {
        "charger": said.id, "name": said.name, "topic": said.base, "announced_on": found.topic,
        "http": said.http,
    }  # fmt: skip
    for name, value in rows.items():
        if value:
            out.write(f"{name:<12}  {printable(value)}\n")
