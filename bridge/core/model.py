"""The domain as types: ids, reasons, dialects, events, sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from bridge.core.clock import Unix

ChargerId = NewType("ChargerId", str)

Message = tuple[bytes, bytes, bool]
"""One MQTT message: topic, payload, retained."""


class Reason(StrEnum):
    """Why a reading became no sample; every discarded reading has exactly one."""

    RETAINED = "retained"
    COMMAND = "command"
    NOT_TELEMETRY = "not_telemetry"
    UNKNOWN_FIELD = "unknown_field"
    ALIAS = "alias"
    FRESHER_SOURCE = "fresher_source"
    NO_SENSOR = "no_sensor"
    IMPLAUSIBLE = "implausible"
    MALFORMED = "malformed"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    LIMIT = "limit"
    DISK = "disk"
    BUG = "bug"


class Dialect(StrEnum):
    """How a family of firmware writes its values."""

    NOFOS = "nofos"
    ANCESTOR = "ancestor"
    OPENEVSE = "openevse"


class EventKind(StrEnum):
    """What can happen to a charger besides new values."""

    STATE = "state"
    FAULT = "fault"
    FAULT_CLEARED = "fault_cleared"
    CRASH = "crash"
    REBOOT = "reboot"
    ONLINE = "online"
    OFFLINE = "offline"
    MOVED = "moved"
    RENAMED = "renamed"
    REPLACED = "replaced"
    UNIT_SUSPECT = "unit_suspect"
    DUPLICATE = "duplicate"
    FROZEN = "frozen"
    CONTRADICTORY = "contradictory"
    PATH = "path"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one charger; `unix` is the arrival in Unix seconds."""

    charger: ChargerId
    unix: Unix
    kind: EventKind
    code: int = 0
    text: str = ""
    device_time: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A finished charging session; times in Unix seconds, durations in seconds.

    `doubtful`: its energy, duration and peaks contradicted each other.
    """

    charger: ChargerId
    start: Unix
    end: Unix
    charging_s: float
    plugged_s: float
    energy_wh: float
    peak_a: float
    peak_w: float
    doubtful: bool = False


SavedState = Mapping[str, object]
"""What the state file keeps of one charger: JSON values only."""
