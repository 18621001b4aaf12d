"""The events of a simulated charger, as written to the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SimEventKind(StrEnum):
    """The first six come from the controller, the others from gateway and network."""

    STATE = "state"
    LIMITS = "limits"
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    FAULT = "fault"
    METER = "meter"
    CRASH = "crash"
    REBOOT = "reboot"
    DROPPED = "dropped"
    SILENT = "silent"
    FROZEN = "frozen"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SimEvent:
    """One event; `at` is simulated time."""

    at: float
    kind: SimEventKind
    values: Mapping[str, float | int | str] = field(default_factory=dict)
