"""Settings, loaded from environment, secrets folder and TOML file, with their sources."""

from bridge.settings.addresses import ListenAddress, MqttUrl
from bridge.settings.credentials import CredentialsFile
from bridge.settings.load import load
from bridge.settings.model import Settings
from bridge.settings.networks import Network
from bridge.settings.secrets import Secrets
from bridge.settings.sections import (
    FleetSettings,
    HttpSettings,
    InfluxSettings,
    JournalSettings,
    LogSettings,
    MqttSettings,
    ShardSettings,
    StoreSettings,
    WebSettings,
)

__all__ = [
    "CredentialsFile",
    "FleetSettings",
    "HttpSettings",
    "InfluxSettings",
    "JournalSettings",
    "ListenAddress",
    "LogSettings",
    "MqttSettings",
    "MqttUrl",
    "Network",
    "Secrets",
    "Settings",
    "ShardSettings",
    "StoreSettings",
    "WebSettings",
    "load",
]
