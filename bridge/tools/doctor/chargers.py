"""Tries the chargers' web addresses: which are refused and why, and whether some answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from bridge.app import from_settings
from bridge.core.discovery.announcement import Announcement
from bridge.core.errors import CommandFailed
from bridge.core.fields import states
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip, RefusedAddress, read_address
from bridge.core.polling.address_policy import AddressPolicy
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.settings import Settings
from bridge.sources.http.credentials import Credentials
from bridge.sources.http.local_address import is_own
from bridge.tools.charger.find import Target
from bridge.tools.charger.http_request import Result
from bridge.tools.charger.requests import reading
from bridge.tools.charger.web_call import WebCall
from bridge.tools.doctor.finding import Case, Finding, doubtful, good, unchecked

SUBJECT = "chargers"
MOST_ASKED = 5
MOST_NAMED = 20
"""Refused addresses, a line each."""
_NAME_IT = "if the charger is meant to be polled there, name it in http.allow or http.ports"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a charger says that it is, if that may be called."""

    charger: ChargerId
    address: Address | RefusedAddress


async def probe_chargers(case: Case) -> AsyncIterator[Finding]:
    """At most one request to each address, and that to a handful of them."""
    if not case.settings.http.enabled:
        yield unchecked(SUBJECT, "http.enabled is off: no charger is polled")
        return
    if not case.announced:
        yield unchecked(SUBJECT, "no charger's web address is known: none announced itself")
        return
    places, silent = _places(case)
    refused = [place for place in places if isinstance(place.address, RefusedAddress)]
    for finding in _refusals(refused):
        yield finding
    if silent:
        yield unchecked(SUBJECT, f"{silent} announced no web address (a last will has none)")
    callable_ = _one_each(place for place in places if isinstance(place.address, Address))
    asking = [_ask(case.settings, place) for place in callable_[:MOST_ASKED]]
    for finding in await asyncio.gather(*asking):
        yield finding
    if len(callable_) > MOST_ASKED:
        yield unchecked(SUBJECT, f"{len(callable_) - MOST_ASKED} more addresses may be polled")


def _places(case: Case) -> tuple[list[Place], int]:
    """Every announced address, connected chargers' first; how many announced none."""
    found = sorted(case.announced.values(), key=lambda each: not each.connected)
    judge = _Judge(case.settings)
    told = [judge.place(each) for each in found if each.http]
    return told, len(found) - len(told)


class _Judge:
    """Refuses what the bridge would not poll, as far as the text of an address tells."""

    def __init__(self, settings: Settings) -> None:
        self._ports = settings.http.ports
        self._reach = AddressPolicy(settings.http.allow, own=is_own)
        self._keyring: Credentials = from_settings.credentials(settings)

    def place(self, announced: Announcement) -> Place:
        address = read_address(announced.http, self._ports)
        if isinstance(address, Address) and address.ip is not None:
            address = self._refusal(announced.id, address.ip) or address
        return Place(announced.id, address)

    def _refusal(self, charger: ChargerId, ip: Ip) -> RefusedAddress | None:
        return self._reach.refusal(ip, self._keyring.allow(charger))


def _refusals(refused: list[Place]) -> Iterable[Finding]:
    for place in refused[:MOST_NAMED]:
        assert isinstance(place.address, RefusedAddress)
        found = f"not polled: its address {place.address.why}"
        yield doubtful(f"charger {place.charger}", found, _NAME_IT)
    if len(refused) > MOST_NAMED:
        yield doubtful(SUBJECT, f"{len(refused) - MOST_NAMED} more are not polled at their address")


def _one_each(places: Iterable[Place]) -> list[Place]:
    """The first charger at each address."""
    first: dict[str, Place] = {}
    for place in places:
        first.setdefault(str(place.address), place)
    return list(first.values())


async def _ask(settings: Settings, place: Place) -> Finding:
    subject = f"charger {place.charger}"
    began = time.monotonic()
    try:
        call = WebCall(settings, Target(place.charger, place.address))
    except CommandFailed as trouble:
        return doubtful(subject, str(trouble), "correct that setting")
    result = await call.run(reading(Page.STATUS))
    took = time.monotonic() - began
    if result.outcome is PollOutcome.OK:
        return good(subject, f"{call.address} answered in {took:.2f} s: {_said(result)}")
    return doubtful(subject, call.trouble(result))


def _said(result: Result) -> str:
    """The state, where the document tells it."""
    code = (result.document or {}).get("state")
    return f"state {states.name(code)}" if type(code) is int else "no state in what it said"
