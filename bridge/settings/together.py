"""Settings that are right alone and wrong together."""

from collections.abc import Collection, Iterator

from bridge.core.errors import Problem
from bridge.settings.model import Settings
from bridge.settings.tree import variable

Finding = tuple[str, str, str, str]
"""The name of the wrong setting, the name of the other, what is wrong, what to do."""


def contradictions(settings: Settings, told: Collection[str]) -> list[Problem]:
    """What the bridge could only guess about; nothing about names already told of."""
    return [
        Problem(name, settings.source_of(name), wrong, remedy)
        for name, other, wrong, remedy in _findings(settings)
        if name not in told and other not in told
    ]


def _findings(settings: Settings) -> Iterator[Finding]:
    web, mqtt, shard = settings.web, settings.mqtt, settings.shard
    yield from _pair("web.username", web.username, "web.password_hash", web.password_hash)
    yield from _pair("web.cert_file", web.cert_file, "web.key_file", web.key_file)
    yield from _pair("mqtt.cert_file", mqtt.cert_file, "mqtt.key_file", mqtt.key_file)
    yield from _stores(settings)
    if shard.index >= shard.count:
        yield (
            "shard.index",
            "shard.count",
            f"it is {shard.index}, and shard.count is {shard.count}",
            f"use an index from 0 to {shard.count - 1}, or raise shard.count",
        )


def _pair(first: str, one: object, second: str, other: object) -> Iterator[Finding]:
    """Both or neither; the problem is told of the one that is missing."""
    if (one is None) == (other is None):
        return
    given, missing = (first, second) if other is None else (second, first)
    remedy = f"set {missing} ({variable(tuple(missing.split('.')))}) too, or remove {given}"
    yield missing, given, f"it is unset, and {given} is set", remedy


def _stores(settings: Settings) -> Iterator[Finding]:
    influx = settings.influx
    if influx.url and not influx.bucket:
        yield _bucketless("influx")
    if influx.mirrors and not influx.url:
        wrong = "it is unset, and there are mirrors"
        yield "influx.url", "influx.mirrors", wrong, "set influx.url: mirrors stand beside it"
    for name, mirror in influx.mirrors.items():
        path = f"influx.mirrors.{name}"
        if not mirror.url:
            remedy = f"set {path}.url, such as http://host:8086"
            yield f"{path}.url", path, "it is unset", remedy
        if not mirror.bucket:
            yield _bucketless(path)


def _bucketless(store: str) -> Finding:
    remedy = f"set {store}.bucket ({variable((*store.split('.'), 'bucket'))})"
    return f"{store}.bucket", f"{store}.url", f"it is unset, and {store}.url is set", remedy
