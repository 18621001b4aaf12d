"""The types of settings, each with its parser."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, SecretStr

from bridge.core.discovery.subscriptions import SubscriptionMode
from bridge.core.model import ChargerId, Dialect
from bridge.logs import Format, Level
from bridge.settings import addresses, names, networks, parse
from bridge.settings.networks import Network


def _secret(value: object) -> SecretStr:
    return SecretStr(parse.text(value))


Duration = Annotated[timedelta, PlainValidator(parse.duration)]
Wait = Annotated[timedelta, PlainValidator(parse.wait)]
Size = Annotated[int, PlainValidator(parse.size)]
Count = Annotated[int, PlainValidator(parse.integer(1, 10_000_000))]
Index = Annotated[int, PlainValidator(parse.integer(0, 9_999))]
Number = Annotated[float, PlainValidator(parse.number)]
Switch = Annotated[bool, PlainValidator(parse.switch)]
Text = Annotated[str | None, PlainValidator(parse.optional(parse.text))]
Secret = Annotated[SecretStr | None, PlainValidator(parse.optional(_secret))]
BasicUser = Annotated[str | None, PlainValidator(parse.optional(names.basic_user))]
ClientId = Annotated[str | None, PlainValidator(parse.optional(names.client_id))]
File = Annotated[Path | None, PlainValidator(parse.optional(names.file))]
Folder = Annotated[Path, PlainValidator(names.folder)]
Broker = Annotated[addresses.MqttUrl, PlainValidator(addresses.parse_mqtt_url)]
StoreUrl = Annotated[str | None, PlainValidator(parse.optional(addresses.parse_store_url))]
ListenOn = Annotated[addresses.ListenAddress, PlainValidator(addresses.parse_listen)]
Networks = Annotated[tuple[Network, ...], PlainValidator(networks.parse_networks)]
Ports = Annotated[tuple[int, ...], PlainValidator(networks.parse_ports)]
Suffixes = Annotated[tuple[str, ...], PlainValidator(networks.parse_suffixes)]
Topics = Annotated[tuple[str, ...], PlainValidator(names.topics)]
Prefix = Annotated[str | None, PlainValidator(parse.optional(names.prefix))]
Wildcard = Annotated[str | None, PlainValidator(parse.optional(names.wildcard))]
Subscribing = Annotated[SubscriptionMode, PlainValidator(parse.choice(SubscriptionMode))]
HostNames = Annotated[tuple[str, ...], PlainValidator(names.host_names)]
ChargerIds = Annotated[tuple[ChargerId, ...], PlainValidator(names.charger_ids)]
KeyedByCharger = Annotated[ChargerId, PlainValidator(names.charger_id)]
DialectName = Annotated[Dialect, PlainValidator(parse.choice(Dialect))]
LevelName = Annotated[Level, PlainValidator(parse.choice(Level))]
FormatName = Annotated[Format, PlainValidator(parse.choice(Format))]
StoreName = Annotated[str, PlainValidator(names.store_name)]
Tags = Mapping[
    Annotated[str, PlainValidator(names.tag_key)], Annotated[str, PlainValidator(names.tag_value)]
]
Dialects = Mapping[KeyedByCharger, DialectName]
ByDialect = Mapping[DialectName, Number]


def keep_alive(value: object) -> timedelta:
    """The MQTT keep-alive is a 16-bit number of seconds."""
    span = parse.duration(value)
    if span.microseconds or not 1 <= span.total_seconds() <= 65535:
        raise parse.InvalidValue(
            f"{parse.quoted(value)} is not whole seconds from 1s to 65535s", "write it like 30s"
        )
    return span


def frame_gap(value: object) -> timedelta:
    """A frame ends after two seconds at the latest, so its gap must be shorter."""
    span = parse.duration(value)
    if span >= timedelta(seconds=2):
        raise parse.InvalidValue(f"{parse.quoted(value)} is not below 2s", "write it like 0.25s")
    return span


KeepAlive = Annotated[timedelta, PlainValidator(keep_alive)]
FrameGap = Annotated[timedelta, PlainValidator(frame_gap)]
