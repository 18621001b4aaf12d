"""What a probe finds, and what it knows: the contract of all probes."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.core.discovery.announcement import Announcement
from bridge.core.model import ChargerId
from bridge.settings import Settings


class Verdict(StrEnum):
    """How something that was tried turned out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was tried, how it turned out, what was found, and what to do."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str | None = None


@dataclass(slots=True)
class Case:
    """What the probes know; the broker's probe puts down whom it heard for the chargers'."""

    settings: Settings
    environ: Mapping[str, str]
    listen_seconds: float = 4.0
    """How long to hear announcements."""
    announced: dict[ChargerId, Announcement] = field(default_factory=dict)
    """The newest announcement of each charger."""


Probe = Callable[[Case], AsyncIterator[Finding]]
"""Tries one thing, or a family of alike ones; every wait in it has an end."""


def good(subject: str, found: str) -> Finding:
    return Finding(subject, Verdict.OK, found)


def doubtful(subject: str, found: str, remedy: str | None = None) -> Finding:
    return Finding(subject, Verdict.WARNING, found, remedy)


def failed(subject: str, found: str, remedy: str) -> Finding:
    return Finding(subject, Verdict.FAILED, found, remedy)


def unchecked(subject: str, found: str, remedy: str | None = None) -> Finding:
    return Finding(subject, Verdict.NOT_CHECKED, found, remedy)


def counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
