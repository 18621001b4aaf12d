"""Tests the chargers' web addresses: which may not be polled and why, and whether some respond."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from bridge.app import from_settings
from bridge.core.clock import Unix
from bridge.core.discovery.announcement import Announcement
from bridge.core.errors import CommandFailed
from bridge.core.fields import states
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import Address, AddressFault, Ip, RefusedAddress
from bridge.core.polling.address_policy import AddressPolicy
from bridge.core.polling.host_names import read_announced
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.request_gate import WebServer, web_server
from bridge.settings import Settings
from bridge.sources.http.credentials import Credentials
from bridge.sources.http.local_address import is_own
from bridge.tools.charger.client import ChargerClient
from bridge.tools.charger.http_request import RequestResult
from bridge.tools.charger.requests import get_page
from bridge.tools.charger.target import ChargerTarget
from bridge.tools.doctor.finding import DoctorContext, Finding, not_checked, ok, warning
from bridge.tools.doctor.login_wait import LoginWait

SUBJECT = "chargers"
MAX_REQUESTS = 5
MAX_REFUSED_SHOWN = 20
"""Refused addresses, one line each."""
MAX_WITHHELD_SHOWN, MAX_SHARED_SHOWN = 20, 5
_SHARED_REMEDY = "find out which one is there: requests to one address wait for each other"
_ALLOW_REMEDY = "if the charger should be polled there, add it to http.allow or http.ports"
_NAMES_REMEDY = "list the end of such names in http.names (NOFOS_HTTP__NAMES), or announce an IP"


@dataclass(frozen=True, slots=True)
class AnnouncedAddress:
    """A charger's announced address, or why it may not be polled."""

    charger: ChargerId
    address: Address | RefusedAddress


async def probe_chargers(context: DoctorContext) -> AsyncIterator[Finding]:
    """Sends at most one request to each address, and to at most MAX_REQUESTS of them."""
    if not context.settings.http.enabled:
        yield not_checked(SUBJECT, "http.enabled is off: no charger is polled")
        return
    if not context.announced:
        yield not_checked(SUBJECT, "no charger's web address is known: no charger announced itself")
        return
    addresses, without_address = _announced_addresses(context)
    refused = [place for place in addresses if isinstance(place.address, RefusedAddress)]
    for finding in _refusals(refused):
        yield finding
    if without_address:
        yield not_checked(
            SUBJECT, f"{without_address} announced no web address (a last will contains none)"
        )
    allowed = [place for place in addresses if isinstance(place.address, Address)]
    wait = await asyncio.to_thread(LoginWait, context.settings)
    withheld = [place.charger for place in allowed if wait.withheld(place.charger)]
    for charger in withheld[:MAX_WITHHELD_SHOWN]:
        yield wait.finding(charger)
    if len(withheld) > MAX_WITHHELD_SHOWN:
        yield wait.more(len(withheld) - MAX_WITHHELD_SHOWN)
    for finding in _shared(allowed):
        yield finding
    allowed = _first_per_address(place for place in allowed if place.charger not in {*withheld})
    requests = [_request_status(context, place) for place in allowed[:MAX_REQUESTS]]
    for finding in await asyncio.gather(*requests):
        yield finding
    if len(allowed) > MAX_REQUESTS:
        yield not_checked(SUBJECT, f"{len(allowed) - MAX_REQUESTS} more addresses may be polled")


def _announced_addresses(context: DoctorContext) -> tuple[list[AnnouncedAddress], int]:
    """Every announced address, connected chargers' first; how many announced none."""
    announcements = sorted(context.announced.values(), key=lambda each: not each.connected)
    checker = _AddressChecker(context.settings)
    addresses = [checker.check(each) for each in announcements if each.http]
    return addresses, len(announcements) - len(addresses)


class _AddressChecker:
    """Refuses addresses that the bridge would not poll, judged by their text."""

    def __init__(self, settings: Settings) -> None:
        self._http = settings.http
        self._policy = AddressPolicy(settings.http.allow, own=is_own)
        self._credentials: Credentials = from_settings.credentials(settings)

    def check(self, announced: Announcement) -> AnnouncedAddress:
        address = read_announced(announced.http, self._http.ports, self._http.names)
        if isinstance(address, Address) and address.ip is not None:
            address = self._refusal(announced.id, address.ip) or address
        return AnnouncedAddress(announced.id, address)

    def _refusal(self, charger: ChargerId, ip: Ip) -> RefusedAddress | None:
        return self._policy.refusal(ip, self._credentials.allow(charger))


def _refusals(refused: list[AnnouncedAddress]) -> Iterable[Finding]:
    for each in refused[:MAX_REFUSED_SHOWN]:
        assert isinstance(each.address, RefusedAddress)
        found = f"not polled: its address {each.address.why}"
        named = each.address.reason is AddressFault.NAME
        yield warning(f"charger {each.charger}", found, _NAMES_REMEDY if named else _ALLOW_REMEDY)
    if len(refused) > MAX_REFUSED_SHOWN:
        yield warning(
            SUBJECT,
            f"{len(refused) - MAX_REFUSED_SHOWN} more are not polled because of their address",
        )


def _shared(allowed: list[AnnouncedAddress]) -> Iterable[Finding]:
    """Addresses that several chargers announced."""
    at: dict[WebServer, list[AnnouncedAddress]] = {}
    for each in allowed:
        assert isinstance(each.address, Address)
        at.setdefault(web_server(each.address), []).append(each)
    for chargers in [each for each in at.values() if len(each) > 1][:MAX_SHARED_SHOWN]:
        ids = ", ".join(each.charger for each in chargers[:MAX_SHARED_SHOWN])
        more = f" and {len(chargers) - MAX_SHARED_SHOWN} more" * (len(chargers) > MAX_SHARED_SHOWN)
        found = f"{len(chargers)} chargers announced {chargers[0].address}: {ids}{more}"
        yield warning(SUBJECT, found, _SHARED_REMEDY)


def _first_per_address(addresses: Iterable[AnnouncedAddress]) -> list[AnnouncedAddress]:
    """The first charger at each address."""
    first: dict[str, AnnouncedAddress] = {}
    for each in addresses:
        first.setdefault(str(each.address), each)
    return list(first.values())


async def _request_status(context: DoctorContext, announced: AnnouncedAddress) -> Finding:
    subject = f"charger {announced.charger}"
    started = time.monotonic()
    try:
        client = ChargerClient(
            context.settings, ChargerTarget(announced.charger, announced.address)
        )
    except CommandFailed as trouble:
        return warning(subject, str(trouble), "correct that setting")
    result = await client.send(get_page(Page.STATUS))
    elapsed = time.monotonic() - started
    if result.outcome is PollOutcome.OK:
        context.skews += _skew(result)
        return ok(subject, f"{client.address} replied in {elapsed:.2f} s: {_state_text(result)}")
    return warning(subject, client.failure_message(result))


def _state_text(result: RequestResult) -> str:
    """The state, where the document contains it."""
    code = (result.document or {}).get("state")
    return f"state {states.name(code)}" if type(code) is int else "no state in the reply"


def _skew(result: RequestResult) -> list[float]:
    """The charger's clock minus ours, where the document contains it."""
    reader = StatusReader(Dialect.NOFOS, None)
    skew = reader.read(result.document or {}, Unix(time.time())).value("clock_skew")
    return [] if skew is None else [float(skew)]
