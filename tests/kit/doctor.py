"""What the tests of `doctor` share: one probe tried, and its findings in words."""

from collections.abc import Mapping

from bridge.core.discovery.announcement import Announcement
from bridge.core.model import ChargerId
from bridge.settings import load
from bridge.tools.doctor.finding import DoctorContext, Finding, Probe

Told = list[tuple[str, str]]
"""Verdict and what was found, in their order."""


def case(**named: str) -> DoctorContext:
    """Settings are named as in the environment, without prefix."""
    environ = {f"NOFOS_{name}": text for name, text in named.items()}
    return DoctorContext(load(None, environ), environ, listen_seconds=0.5)


def announced(**addresses: str | None) -> Mapping[ChargerId, Announcement]:
    """Connected chargers, by id, with the web address that each announced."""
    return {
        ChargerId(name): Announcement(ChargerId(name), True, http=address)
        for name, address in addresses.items()
    }


async def findings(probe: Probe, about: DoctorContext) -> list[Finding]:
    return [finding async for finding in probe(about)]


async def told(probe: Probe, about: DoctorContext) -> Told:
    return [(each.status.value, each.message) for each in await findings(probe, about)]
