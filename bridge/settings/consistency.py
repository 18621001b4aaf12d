"""Finds settings that are valid alone but contradict each other."""

import re
import ssl
from collections.abc import Collection, Iterator
from pathlib import Path

from bridge.core.discovery.prefix import may_be_below
from bridge.core.discovery.subscriptions import SubscriptionMode
from bridge.core.errors import Problem
from bridge.settings.credentials import problem_of, read_file
from bridge.settings.labels import read_labels
from bridge.settings.model import Settings
from bridge.settings.parse import InvalidValue
from bridge.settings.tree import variable

_HASH = re.compile(r"scrypt\$[A-Za-z0-9+/]{8,}=*\$[A-Za-z0-9+/]{8,}=*")
Contradiction = tuple[str, str, str, str]
"""The invalid setting, the other setting, the problem, the remedy."""


def contradictions(settings: Settings, reported: Collection[str]) -> list[Problem]:
    """All contradictions, except those of settings with reported problems."""
    return [
        Problem(name, settings.source_of(name), wrong, remedy)
        for name, other, wrong, remedy in _all_contradictions(settings)
        if name not in reported and other not in reported
    ]


def _all_contradictions(settings: Settings) -> Iterator[Contradiction]:
    web, mqtt, shard = settings.web, settings.mqtt, settings.shard
    yield from _both_or_neither(
        "web.username", web.username, "web.password_hash", web.password_hash
    )
    yield from _both_or_neither("web.cert_file", web.cert_file, "web.key_file", web.key_file)
    yield from _both_or_neither("mqtt.cert_file", mqtt.cert_file, "mqtt.key_file", mqtt.key_file)
    yield from _topics(settings)
    yield from _stores(settings)
    if web.password_hash and not _HASH.fullmatch(web.password_hash.get_secret_value()):
        yield (
            "web.password_hash", "web.username", "it is not of the form scrypt$SALT$HASH",
            "make one with: python -m bridge.web.login",
        )  # fmt: skip
    yield from _certificate("web", web.cert_file, web.key_file)
    yield from _certificate("mqtt", mqtt.cert_file, mqtt.key_file)
    for name, file in _authorities(settings):
        yield from _authority(name, file)
    yield from _credentials(settings.http.credentials_file)
    yield from _labels(settings.fleet.labels_file)
    if shard.index >= shard.count:
        yield (
            "shard.index",
            "shard.count",
            f"it is {shard.index}, and shard.count is {shard.count}",
            f"use an index from 0 to {shard.count - 1}, or raise shard.count",
        )


def _both_or_neither(
    first: str, one: object, second: str, other: object
) -> Iterator[Contradiction]:
    """Both or neither must be set; the problem is reported for the missing one."""
    if (one is None) == (other is None):
        return
    given, missing = (first, second) if other is None else (second, first)
    remedy = f"set {missing} ({variable(tuple(missing.split('.')))}) too, or remove {given}"
    yield missing, given, f"it is unset, but {given} is set", remedy


def _topics(settings: Settings) -> Iterator[Contradiction]:
    mqtt = settings.mqtt
    if mqtt.subscriptions is SubscriptionMode.WILDCARD and mqtt.wildcard is None:
        remedy = "set mqtt.wildcard (NOFOS_MQTT__WILDCARD) to a filter such as charger/#"
        wrong = "it is unset, but mqtt.subscriptions is wildcard"
        yield "mqtt.wildcard", "mqtt.subscriptions", wrong, remedy
    if mqtt.wildcard is not None and mqtt.subscriptions is SubscriptionMode.EACH:
        remedy = "set mqtt.subscriptions (NOFOS_MQTT__SUBSCRIPTIONS) to wildcard, or remove it"
        wrong = "it is set, but mqtt.subscriptions is each"
        yield "mqtt.wildcard", "mqtt.subscriptions", wrong, remedy
    if not any(may_be_below(each, mqtt.prefix) for each in mqtt.announce_topics):
        remedy = f"add {mqtt.prefix}/{mqtt.announce_topics[0]} to mqtt.announce_topics"
        wrong = f"no topic of mqtt.announce_topics begins with {mqtt.prefix}/"
        yield "mqtt.prefix", "mqtt.announce_topics", wrong, remedy


def _stores(settings: Settings) -> Iterator[Contradiction]:
    influx = settings.influx
    if influx.url and not influx.bucket:
        yield _missing_bucket("influx")
    if influx.mirrors and not influx.url:
        wrong = "it is unset, but there are mirrors"
        yield "influx.url", "influx.mirrors", wrong, "set influx.url: mirrors are copies of it"
    for name, mirror in influx.mirrors.items():
        path = f"influx.mirrors.{name}"
        if not mirror.url:
            remedy = f"set {path}.url, such as http://host:8086"
            yield f"{path}.url", path, "it is unset", remedy
        if not mirror.bucket:
            yield _missing_bucket(path)


def _certificate(section: str, cert: Path | None, key: Path | None) -> Iterator[Contradiction]:
    """A certificate and key that TLS can use together."""
    if cert is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:
        wrong = f"it cannot be used with its key: {_reason(error)}"
        remedy = "use a certificate and an unencrypted key in PEM form that belong together"
        yield f"{section}.cert_file", f"{section}.key_file", wrong, remedy


def _authorities(settings: Settings) -> Iterator[tuple[str, Path | None]]:
    yield "mqtt.ca_file", settings.mqtt.ca_file
    yield "http.ca_file", settings.http.ca_file
    yield "influx.ca_file", settings.influx.ca_file
    for name, mirror in settings.influx.mirrors.items():
        yield f"influx.mirrors.{name}.ca_file", mirror.ca_file


def _authority(name: str, file: Path | None) -> Iterator[Contradiction]:
    if file is None:
        return
    try:
        ssl.create_default_context(cafile=str(file))
    except (OSError, ValueError) as error:
        wrong = f"it contains no usable certificate: {_reason(error)}"
        yield name, name, wrong, "use a file with certificates in PEM form"


def _credentials(file: Path | None) -> Iterator[Contradiction]:
    name = "http.credentials_file"
    if file is None:
        return
    try:
        read_file(file)
    except OSError as error:
        yield name, name, f"it {problem_of(error)}", "make it readable for the bridge"
    except InvalidValue as wrong:
        yield name, name, wrong.problem, wrong.remedy


def _labels(file: Path | None) -> Iterator[Contradiction]:
    if file is not None:
        for error in read_labels(file)[1]:
            yield "fleet.labels_file", "fleet.labels_file", error.problem, error.remedy


def _no_password() -> str:
    """Prevents a prompt for the password of an encrypted key."""
    raise ValueError("the key is encrypted")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__)


def _missing_bucket(store: str) -> Contradiction:
    remedy = f"set {store}.bucket ({variable((*store.split('.'), 'bucket'))})"
    return f"{store}.bucket", f"{store}.url", f"it is unset, but {store}.url is set", remedy
