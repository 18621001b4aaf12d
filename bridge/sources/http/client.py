"""One request to a charger's web server: exactly one outcome, never an exception.

It connects to an address that has just been checked, not to a name.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from bridge.core.clock import Steady
from bridge.core.errors import SYSTEM_FAILURES
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.address_policy import AddressPolicy, Network
from bridge.core.polling.document import Document, outcome_of, read_document
from bridge.core.polling.http_response import Response
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.request_gate import RequestGate, WebServer, web_server
from bridge.core.unread import Unread
from bridge.sources.http.exchange import exchange, request
from bridge.sources.http.guard import allowed_ips, first_reached


class ChargerCredentials(Protocol):
    """What a request needs of the credentials."""

    def allow(self, charger: ChargerId) -> Iterable[Network]:
        """The networks of this charger alone."""

    def login(self, charger: ChargerId, ip: Ip) -> ChargerLogin | None:
        """The login that may be sent to this address; None for none."""


Result = PollOutcome | RefusedAddress | Unread | Document


class HttpClient:
    """Fetches pages; one at a time from each charger, and from each web server.

    `trusted`: whether a charger may be given the shared login.
    """

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        credentials: ChargerCredentials,
        trusted: Callable[[ChargerId], bool],
        gate: RequestGate,
        resolve: Callable[[str], Awaitable[tuple[Ip, ...]]],
        timeout: float,
        tls: ssl.SSLContext,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._credentials = credentials
        self._trusted = trusted
        self._gate = gate
        self._resolve = resolve
        self._timeout = timeout
        self._tls = tls
        self._steady = steady
        self._in_flight: set[ChargerId] = set()

    async def fetch(self, charger: ChargerId, address: Address, page: Page) -> PollReply:
        """GET one page, within the timeout."""
        if charger in self._in_flight:
            return PollReply(PollOutcome.BUSY, 0.0)
        self._in_flight.add(charger)
        began = self._steady()
        found: list[WebServer] = []
        try:
            async with asyncio.timeout(self._timeout):
                result = await self._request(charger, address, page, found)
        except TimeoutError:
            result = PollOutcome.TIMEOUT
        except SYSTEM_FAILURES:
            # No descriptor, thread, memory or address family: nothing was asked.
            result = PollOutcome.UNREACHABLE
        finally:
            self._in_flight.discard(charger)
        return _reply(result, self._steady() - began, found[-1] if found else None)

    async def _request(
        self, charger: ChargerId, address: Address, page: Page, found: list[WebServer]
    ) -> Result:
        """`found` gets the web servers to which a host name leads, as they are tried."""
        allowed = tuple(self._credentials.allow(charger))
        ips = await allowed_ips(
            address, resolve=self._resolve, refusal=lambda ip: self._policy.refusal(ip, allowed)
        )
        if isinstance(ips, RefusedAddress):
            return ips

        async def get(ip: Ip) -> PollOutcome | Unread | Document:
            server = web_server(address, ip)
            found.append(server)
            login = self._credentials.login(charger, ip)
            if login is not None and not self._trusted(charger):
                return PollOutcome.UNTRUSTED
            if not self._gate.reserve(server, charger, Steady(self._steady())):
                return PollOutcome.BUSY
            try:
                return await self._get(ip, address, page, login)
            finally:
                self._gate.release(server, Steady(self._steady()), used=True)

        unreached: PollOutcome | Unread | Document = PollOutcome.UNRESOLVED
        return await first_reached(ips, get, unreached=unreached, outcome=lambda result: result)

    async def _get(
        self, ip: Ip, address: Address, page: Page, login: ChargerLogin | None
    ) -> PollOutcome | Unread | Document:
        response = Response()
        request_bytes = request(address, page.value, login)
        outcome = await exchange(ip, address, request_bytes, response, self._tls)
        if outcome is not PollOutcome.OK:
            return response.unread or outcome
        return read_document(bytes(response.body), page)


def _reply(result: Result, seconds: float, server: WebServer | None) -> PollReply:
    match result:
        case PollOutcome():
            return PollReply(result, seconds, server=server)
        case RefusedAddress():
            return PollReply(PollOutcome.FORBIDDEN, seconds, refused=result)
        case Unread():
            return PollReply(outcome_of(result), seconds, unread=result, server=server)
        case _:
            return PollReply(PollOutcome.OK, seconds, result, server=server)
