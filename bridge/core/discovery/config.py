"""The settings of the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.discovery.shard import shard_of
from bridge.core.model import ChargerId, Dialect

IGNORED, OTHER_SHARD = "ignored", "other_shard"


@dataclass(frozen=True, slots=True)
class FleetConfig:
    """Durations in seconds; `most` is the maximum number of chargers."""

    dialect: Dialect = Dialect.NOFOS
    dialects: Mapping[ChargerId, Dialect] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    stale_after: float = 120.0
    silent_after: float = 75.0
    retire_after: float = 7 * 86400.0
    most: int = 100_000
    shard: int = 0
    shards: int = 1

    def dialect_of(self, charger: ChargerId) -> Dialect:
        """The dialect of this charger."""
        return self.dialects.get(charger, self.dialect)

    def not_ours(self, charger: ChargerId) -> str | None:
        """None for a charger of this bridge, else the label of the reason why not."""
        if charger in self.ignore:
            return IGNORED
        return None if shard_of(charger, self.shards) == self.shard else OTHER_SHARD
