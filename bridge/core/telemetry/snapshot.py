"""What others may know of a charger's telemetry, as it is now."""

from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.discovery.charger import Charger
from bridge.core.fields.decode import Value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A charger now; `state_code` is None once it is stale.

    `presence` is one of PRESENCES, `source` one of SOURCES.
    """

    charger: Charger
    presence: str
    up: bool
    source: str
    state_code: int | None


@dataclass(frozen=True, slots=True)
class ShownValue:
    """The newest value of a column, in its unit; `steady` is when it arrived."""

    value: Value | None
    steady: Steady
    polled: bool
