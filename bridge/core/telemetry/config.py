"""The settings of telemetry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.model import Dialect


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """Durations in seconds; `temperature_scale` is the factor of a wire value."""

    frame_gap: float = 0.25
    silent_after: float = 75.0
    stale_after: float = 120.0
    enrich_every: float = 300.0
    temperature_scale: Mapping[Dialect, float] = field(default_factory=dict)
    readings_per_second: float = 50.0
    state_set: bool = False
