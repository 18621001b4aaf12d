"""`enroll`: configures a charger's MQTT settings and waits until it announces itself."""

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
from bridge.tools.charger.client import ChargerClient, is_loopback
from bridge.tools.charger.http_request import RequestResult
from bridge.tools.charger.mqtt_session import MqttSession
from bridge.tools.charger.requests import get_page, post_config
from bridge.tools.charger.target import target_from_url
from bridge.tools.enroll.diagnosis import explain_no_announcement, reports_mqtt_connected
from bridge.tools.enroll.enrollment import ChargerMqttConfig, ExpectedAnnouncement, text_setting
from bridge.tools.enroll.progress import show_waiting
from bridge.tools.enroll.watcher import AnnouncementWatcher, ReceivedAnnouncement

SAME_SECONDS = 10.0
"""A charger that already had all settings may not reconnect."""
_LONGEST_MESSAGE = 80


@dataclass(frozen=True, slots=True)
class EnrollOptions:
    """The arguments of `enroll`; `broker` is where the announcement is expected."""

    url: str
    config: ChargerMqttConfig
    broker: Broker
    wait_seconds: float


async def enroll(options: EnrollOptions, settings: Settings, out: TextIO, err: TextIO) -> None:
    """Prints the announcement to `out`, all else to `err`; raises CommandFailed."""
    client = ChargerClient(settings, target_from_url(options.url))
    before = await _read_config(client)
    expected = _expected_announcement(client, options.config, before)
    _warn(client, options.config, settings, expected, err)
    async with AsyncExitStack() as stack:
        watcher = await _subscribe(stack, options, settings, expected)
        await _configure(client, options.config)
        err.write(f"{client.address} accepted the settings\n")
        found = await _wait(client, options, watcher, before, err)
    if expected.address_matches(found.announcement) is False:
        err.write(f"warning: the announced address is not {client.address.host}\n")
    _print_announcement(found, out)


async def _subscribe(
    stack: AsyncExitStack,
    options: EnrollOptions,
    settings: Settings,
    expected: ExpectedAnnouncement,
) -> AnnouncementWatcher:
    """Subscribe to announcements, before anything is changed."""
    topics = {*settings.mqtt.announce_topics, *filter(None, [expected.announce_topic])}
    try:
        session = await stack.enter_async_context(MqttSession(options.broker))
        if refused := await session.subscribe(*topics):
            raise CommandFailed(f"the broker refused the subscription to {', '.join(refused)}")
        watcher = AnnouncementWatcher(session, expected)
        await watcher.read_retained()
    except CommandFailed as failed:
        raise CommandFailed(f"{failed}. The charger was not changed") from failed
    return watcher


async def _read_config(client: ChargerClient) -> Mapping[str, object]:
    result = await client.send(get_page(Page.CONFIG))
    if result.outcome is not PollOutcome.OK:
        raise CommandFailed(f"{client.failure_message(result)}. The charger was not changed")
    return result.document or {}


def _expected_announcement(
    client: ChargerClient, config: ChargerMqttConfig, before: Mapping[str, object]
) -> ExpectedAnnouncement:
    return ExpectedAnnouncement(
        host=client.address.host,
        host_is_name=client.address.ip is None,
        base=config.topic or text_setting(before, "mqtt_topic"),
        announce_topic=config.announce_topic
        or _without_wildcards(text_setting(before, "mqtt_announce_topic")),
    )


def _without_wildcards(topic: str | None) -> str | None:
    """The topic from the charger's configuration, unless it contains wildcards."""
    safe = topic is not None and topic.isprintable() and not set("+#") & set(topic)
    return topic if safe and len(topic or "") <= 255 else None


async def _configure(client: ChargerClient, config: ChargerMqttConfig) -> None:
    result = await client.send(post_config(config.settings()))
    message = _reply_message(result, config.password)
    match result:
        case RequestResult(outcome=PollOutcome.OK) if message == "done":
            return
        case RequestResult(outcome=PollOutcome.OK):
            raise CommandFailed(f"{client.address} did not confirm the settings: {message}")
        case RequestResult(outcome=PollOutcome.HTTP_ERROR):
            raise CommandFailed(
                f"{client.address} refused the settings (HTTP status {result.status}): {message}"
            )
        case RequestResult(
            outcome=PollOutcome.UNAUTHORIZED | PollOutcome.FORBIDDEN | PollOutcome.NOT_FOUND
        ):
            raise CommandFailed(client.failure_message(result))
        case _:
            raise CommandFailed(
                f"{client.failure_message(result)}. It is unknown whether it accepted the "
                "settings: try again"
            )


def _reply_message(result: RequestResult, secret: str) -> str:
    """The charger's message, without the password, which it may repeat."""
    message = str((result.document or {}).get("msg", ""))
    return printable((message.replace(secret, HIDDEN) if secret else message)[:_LONGEST_MESSAGE])


async def _wait(
    client: ChargerClient,
    options: EnrollOptions,
    watcher: AnnouncementWatcher,
    before: Mapping[str, object],
    err: TextIO,
) -> ReceivedAnnouncement:
    """Wait for the expected announcement; raises CommandFailed where it does not arrive."""
    unchanged = not options.config.missing(before)
    first = min(SAME_SECONDS, options.wait_seconds) if unchanged else options.wait_seconds
    with show_waiting(
        "waiting for the charger's announcement", options.wait_seconds, err
    ) as advance:
        found = await watcher.wait(first, advance)
        if (
            found is None
            and unchanged
            and watcher.retained is not None
            and await reports_mqtt_connected(client)
        ):
            return watcher.retained
        if found is None and watcher.with_other_topic is None and first < options.wait_seconds:
            found = await watcher.wait(options.wait_seconds - first, advance)
    if found is None:
        raise CommandFailed(
            await explain_no_announcement(client, options.config, watcher, options.wait_seconds)
        )
    return found


def _warn(
    client: ChargerClient,
    config: ChargerMqttConfig,
    settings: Settings,
    expected: ExpectedAnnouncement,
    err: TextIO,
) -> None:
    topic = expected.announce_topic
    if topic and not any(matches(each, topic) for each in settings.mqtt.announce_topics):
        err.write(
            f"warning: the bridge does not subscribe to {printable(topic)}: add it to "
            "mqtt.announce_topics (NOFOS_MQTT__ANNOUNCE_TOPICS)\n"
        )
    if config.server in {"localhost", "127.0.0.1", "::1"} and not is_loopback(client.address):
        err.write(f"warning: {config.server} is, as seen from the charger, the charger itself\n")


def _print_announcement(found: ReceivedAnnouncement, out: TextIO) -> None:
    announcement: Announcement = found.announcement
    rows = {
        "charger": announcement.id,
        "name": announcement.name,
        "topic": announcement.base,
        "announced_on": found.topic,
        "http": announcement.http,
    }
    for name, value in rows.items():
        if value:
            out.write(f"{name:<12}  {printable(value)}\n")
