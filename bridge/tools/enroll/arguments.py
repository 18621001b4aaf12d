"""Parses the arguments of `enroll`, and chooses the broker to receive the announcement from."""

import secrets
from dataclasses import replace

from bridge.app import from_settings
from bridge.core.discovery.announcement import check_base
from bridge.core.errors import AnnounceRefused, CommandFailed
from bridge.settings import Settings
from bridge.settings.addresses import parse_mqtt_url
from bridge.settings.model import DEFAULT
from bridge.settings.parse import InvalidValue
from bridge.sources.mqtt.broker import Broker
from bridge.tools.enroll.enrollment import ChargerMqttConfig

LONGEST_USER = 255


def parse_mqtt_config(
    broker: str, *, topic: str | None, announce_topic: str | None, username: str, verify: bool
) -> ChargerMqttConfig:
    """The configuration without the password; raises CommandFailed for unusable values."""
    try:
        url = parse_mqtt_url(broker)
    except InvalidValue as wrong:
        remedy = "write mqtt://host:1883 or mqtts://host:8883, and use --username for the user"
        raise CommandFailed(f"--broker: {wrong.problem}; {remedy}") from None
    _check("--topic", topic)
    _check("--announce-topic", announce_topic)
    if len(username) > LONGEST_USER or not username.isprintable():
        raise CommandFailed("--username is too long, or contains a control character")
    return ChargerMqttConfig(
        server=url.host, port=url.port, tls=url.tls, verify=verify, topic=topic,
        announce_topic=announce_topic, username=username,
    )  # fmt: skip


def announcement_broker(config: ChargerMqttConfig, settings: Settings) -> Broker:
    """The broker of the settings where one is set, else the charger's.

    With its own client id: with the bridge's, the broker would disconnect the bridge.
    """
    name = f"nofos-bridge-enroll-{secrets.token_hex(4)}"
    broker = replace(from_settings.broker(settings, name), client_id=name)
    if settings.source_of("mqtt.url") != DEFAULT:
        return broker
    return replace(
        broker,
        host=config.server,
        port=config.port,
        tls=config.tls,
        username=config.username or None,
        password=lambda: config.password or None,
    )


def _check(option: str, topic: str | None) -> None:
    if topic is None:
        return
    try:
        check_base(topic)
    except AnnounceRefused as refused:
        raise CommandFailed(f"{option}: {str(refused).replace('the base topic ', 'it ')}") from None
