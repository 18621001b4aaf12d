"""Settings: read from environment, secrets folder and file, checked, with their sources."""

from bridge.settings.addresses import Listen, MqttUrl
from bridge.settings.credentials import CredentialsFile
from bridge.settings.load import load
from bridge.settings.model import Settings
from bridge.settings.networks import Network
from bridge.settings.secrets import Secrets
from bridge.settings.sections import (
    Fleet,
    Http,
    Influx,
    Journal,
    Log,
    Mqtt,
    Shard,
    Store,
    Web,
)

__all__ = [
    "CredentialsFile",
    "Fleet",
    "Http",
    "Influx",
    "Journal",
    "Listen",
    "Log",
    "Mqtt",
    "MqttUrl",
    "Network",
    "Secrets",
    "Settings",
    "Shard",
    "Store",
    "Web",
    "load",
]
