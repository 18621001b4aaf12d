"""All settings of a bridge as one value that remembers where each came from."""

from collections.abc import Mapping

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bridge.settings import sections

DEFAULT = "default"


class Settings(BaseSettings):
    """Made by `load` alone; cannot be changed."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    mqtt: sections.Mqtt = Field(default_factory=sections.Mqtt)
    http: sections.Http = Field(default_factory=sections.Http)
    fleet: sections.Fleet = Field(default_factory=sections.Fleet)
    journal: sections.Journal = Field(default_factory=sections.Journal)
    influx: sections.Influx = Field(default_factory=sections.Influx)
    web: sections.Web = Field(default_factory=sections.Web)
    shard: sections.Shard = Field(default_factory=sections.Shard)
    log: sections.Log = Field(default_factory=sections.Log)

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def source_of(self, name: str) -> str:
        """Where a setting such as `mqtt.url` came from; for a map, where its members did."""
        if name in self._sources:
            return self._sources[name]
        below = (source for key, source in self._sources.items() if key.startswith(f"{name}."))
        return ", ".join(dict.fromkeys(below)) or DEFAULT
