"""What is typed after `enroll` into settings for the charger and a broker to listen on."""

import secrets
from dataclasses import replace

from bridge.app import from_settings
from bridge.core.discovery.announcement import check_base
from bridge.core.errors import AnnounceRefused, CommandFailed
from bridge.settings import Settings
from bridge.settings.addresses import mqtt_url
from bridge.settings.model import DEFAULT
from bridge.settings.parse import Wrong
from bridge.sources.mqtt.broker import Broker
from bridge.tools.enroll.enrollment import Wish

LONGEST_USER = 255


def read_wish(
    broker: str, *, topic: str | None, announce_topic: str | None, username: str, verify: bool
) -> Wish:
    """Without the password; raises CommandFailed for what no charger could use."""
    try:
        url = mqtt_url(broker)
    except Wrong as wrong:
        remedy = "write mqtt://host:1883 or mqtts://host:8883, and the user after --username"
        raise CommandFailed(f"--broker: {wrong.wrong}; {remedy}") from None
    _check("--topic", topic)
    _check("--announce-topic", announce_topic)
    if len(username) > LONGEST_USER or not username.isprintable():
        raise CommandFailed("--username is too long, or holds a control character")
    return Wish(
        server=url.host, port=url.port, tls=url.tls, verify=verify, topic=topic,
        announce_topic=announce_topic, username=username,
    )  # fmt: skip


def listening_post(wish: Wish, settings: Settings) -> Broker:
    """The bridge's own broker where the settings name one, else the charger's.

    Under a client id of our own: with the bridge's, the bridge would be cut off.
    """
    name = f"nofos-bridge-enroll-{secrets.token_hex(4)}"
    ours = replace(from_settings.broker(settings, name), client_id=name)
    if settings.source_of("mqtt.url") != DEFAULT:
        return ours
    return replace(
        ours, host=wish.server, port=wish.port, tls=wish.tls, username=wish.username or None,
        password=lambda: wish.password or None,
    )  # fmt: skip


def _check(option: str, topic: str | None) -> None:
    if topic is None:
        return
    try:
        check_base(topic)
    except AnnounceRefused as refused:
        raise CommandFailed(f"{option}: {str(refused).replace('the base topic ', 'it ')}") from None
