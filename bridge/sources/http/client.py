"""One request to a charger's web server: exactly one outcome, never an exception.

It connects to an address that has just been checked, not to a name.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from bridge.core.errors import SYSTEM_FAILURES
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.address_policy import AddressPolicy, Network
from bridge.core.polling.document import Document, outcome_of, read_document
from bridge.core.polling.http_response import Response
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.unread import Unread
from bridge.sources.http.exchange import exchange, request
from bridge.sources.http.guard import allowed_ips, first_reached


class ChargerCredentials(Protocol):
    """What a request needs of the credentials."""

    def allow(self, charger: ChargerId) -> Iterable[Network]:
        """The networks of this charger alone."""

    def login(self, charger: ChargerId, ip: Ip) -> ChargerLogin | None:
        """The login that may be sent to this address; None for none."""


class HttpClient:
    """Fetches pages; one at a time from each charger."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        credentials: ChargerCredentials,
        resolve: Callable[[str], Awaitable[tuple[Ip, ...]]],
        timeout: float,
        tls: ssl.SSLContext,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._credentials = credentials
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
        try:
            async with asyncio.timeout(self._timeout):
                result = await self._request(charger, address, page)
        except TimeoutError:
            result = PollOutcome.TIMEOUT
        except SYSTEM_FAILURES:
            # No descriptor, thread, memory or address family: nothing was asked.
            result = PollOutcome.UNREACHABLE
        finally:
            self._in_flight.discard(charger)
        seconds = self._steady() - began
        match result:
            case PollOutcome():
                return PollReply(result, seconds)
            case RefusedAddress():
                return PollReply(PollOutcome.FORBIDDEN, seconds, refused=result)
            case Unread():
                return PollReply(outcome_of(result), seconds, unread=result)
            case _:
                return PollReply(PollOutcome.OK, seconds, result)

    async def _request(
        self, charger: ChargerId, address: Address, page: Page
    ) -> PollOutcome | RefusedAddress | Unread | Document:
        allowed = tuple(self._credentials.allow(charger))
        ips = await allowed_ips(
            address, resolve=self._resolve, refusal=lambda ip: self._policy.refusal(ip, allowed)
        )
        if isinstance(ips, RefusedAddress):
            return ips

        async def get(ip: Ip) -> PollOutcome | Unread | Document:
            return await self._get(ip, address, page, self._credentials.login(charger, ip))

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
