"""The interface of all probes: their context, and the findings that they report."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.core.discovery.announcement import Announcement
from bridge.core.model import ChargerId
from bridge.settings import Settings


class FindingStatus(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was checked, the result, what was found, and the remedy."""

    subject: str
    status: FindingStatus
    message: str
    remedy: str | None = None


@dataclass(slots=True)
class DoctorContext:
    """What the probes share: the broker probe adds the chargers for the charger probe, and that
    one their clocks for the clock probe."""

    settings: Settings
    environ: Mapping[str, str]
    listen_seconds: float = 4.0
    """How long to receive announcements."""
    announced: dict[ChargerId, Announcement] = field(default_factory=dict)
    """The newest announcement of each charger."""
    skews: list[float] = field(default_factory=list)
    """The clocks of chargers that replied, minus ours, in seconds."""


Probe = Callable[[DoctorContext], AsyncIterator[Finding]]
"""Checks one thing, or several similar ones; every wait in it has a timeout."""


def ok(subject: str, message: str) -> Finding:
    return Finding(subject, FindingStatus.OK, message)


def warning(subject: str, message: str, remedy: str | None = None) -> Finding:
    return Finding(subject, FindingStatus.WARNING, message, remedy)


def failed(subject: str, message: str, remedy: str) -> Finding:
    return Finding(subject, FindingStatus.FAILED, message, remedy)


def not_checked(subject: str, message: str, remedy: str | None = None) -> Finding:
    return Finding(subject, FindingStatus.NOT_CHECKED, message, remedy)


def plural(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
