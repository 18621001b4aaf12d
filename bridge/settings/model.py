"""All settings of a bridge, with the source of each."""

from collections.abc import Mapping

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bridge.settings import sections

DEFAULT = "default"


class Settings(BaseSettings):
    """Created by `load` only; immutable."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    mqtt: sections.MqttSettings = Field(default_factory=sections.MqttSettings)
    http: sections.HttpSettings = Field(default_factory=sections.HttpSettings)
    fleet: sections.FleetSettings = Field(default_factory=sections.FleetSettings)
    journal: sections.JournalSettings = Field(default_factory=sections.JournalSettings)
    influx: sections.InfluxSettings = Field(default_factory=sections.InfluxSettings)
    web: sections.WebSettings = Field(default_factory=sections.WebSettings)
    shard: sections.ShardSettings = Field(default_factory=sections.ShardSettings)
    log: sections.LogSettings = Field(default_factory=sections.LogSettings)

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def source_of(self, name: str) -> str:
        """The source of a setting such as `mqtt.url`; for a map, the sources of its members."""
        if name in self._sources:
            return self._sources[name]
        below = (source for key, source in self._sources.items() if key.startswith(f"{name}."))
        return ", ".join(dict.fromkeys(below)) or DEFAULT
