"""Explains why a configured charger did not announce itself, with a remedy."""

from bridge.core.polling.outcome import Page, PollOutcome
from bridge.logs.scrub import printable
from bridge.tools.charger.client import ChargerClient
from bridge.tools.charger.requests import get_page
from bridge.tools.enroll.enrollment import ChargerMqttConfig
from bridge.tools.enroll.watcher import AnnouncementWatcher

_CERTIFICATE_HINT = (
    "; and that the charger trusts the broker's certificate (--any-certificate accepts any)"
)


async def reports_mqtt_connected(client: ChargerClient) -> bool:
    """Whether the charger reports that it is connected to a broker."""
    result = await client.send(get_page(Page.STATUS))
    return (result.document or {}).get("mqtt_connected") in (1, True)


async def explain_no_announcement(
    client: ChargerClient, config: ChargerMqttConfig, watcher: AnnouncementWatcher, seconds: float
) -> str:
    """No announcement, or an unexpected one: read the charger's configuration to find out why."""
    if watcher.with_other_topic is not None:
        return _explain_other_topic(watcher)
    result = await client.send(get_page(Page.CONFIG))
    if result.outcome is not PollOutcome.OK:
        return f"the charger accepted the settings, but then: {client.failure_message(result)}"
    missing = config.missing(result.document or {})
    if missing:
        return (
            f"{client.address} confirmed the settings, but did not store {', '.join(missing)}: "
            "check that its firmware supports these settings and values"
        )
    if await reports_mqtt_connected(client):
        return (
            "the charger accepted the settings and is connected, but no announcement arrived "
            f"within {seconds:g} s: check that it may publish on "
            f"{watcher.expected.announce_topic}, "
            "that the bridge's user may read it, and that both use the same broker"
        )
    return (
        f"the charger accepted the settings, but did not connect within {seconds:g} s: check that "
        f"{config.server}:{config.port} is the broker's address as seen from the charger, and that "
        "user name and password are correct"
        + (_CERTIFICATE_HINT if config.tls and config.verify else "")
    )


def _explain_other_topic(watcher: AnnouncementWatcher) -> str:
    found = watcher.with_other_topic
    assert found is not None
    base = printable(found.announcement.base or "none")
    return (
        f"the charger announced itself on {printable(found.topic)} with the base topic {base}, not "
        f"{watcher.expected.base}: find out what else configures it, or use --topic {base}"
    )
