"""One request to a charger's web server: exactly one outcome, never an exception.

The connection goes to an address that was checked a moment before, not to a name.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip, Refused
from bridge.core.polling.address_policy import Network, Reach
from bridge.core.polling.document import Document, read_document
from bridge.core.polling.http_response import Response
from bridge.core.polling.login import Login
from bridge.core.polling.outcome import Outcome, Page
from bridge.sources.http.exchange import exchange, request

_MOST_TRIED = 4


class Keys(Protocol):
    """What a request needs to know of credentials."""

    def allow(self, charger: ChargerId) -> Iterable[Network]:
        """The networks of this charger alone."""

    def login(self, charger: ChargerId, ip: Ip) -> Login | None:
        """What may be sent to this address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request ended; `document` only with OK, `refused` only with FORBIDDEN.

    `seconds` is how long it took, the look-up included.
    """

    outcome: Outcome
    seconds: float
    document: Document | None = None
    refused: Refused | None = None


class Http:
    """Fetches pages; of each charger one at a time."""

    def __init__(
        self,
        *,
        reach: Reach,
        keys: Keys,
        resolve: Callable[[str], Awaitable[tuple[Ip, ...]]],
        timeout: float,
        tls: ssl.SSLContext,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reach = reach
        self._keys = keys
        self._resolve = resolve
        self._timeout = timeout
        self._tls = tls
        self._steady = steady
        self._in_flight: set[ChargerId] = set()

    async def fetch(self, charger: ChargerId, address: Address, page: Page) -> Reply:
        """GET one page, within the timeout."""
        if charger in self._in_flight:
            return Reply(Outcome.BUSY, 0.0)
        self._in_flight.add(charger)
        began = self._steady()
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._ask(charger, address, page)
        except TimeoutError:
            found = Outcome.TIMEOUT
        finally:
            self._in_flight.discard(charger)
        seconds = self._steady() - began
        match found:
            case Outcome():
                return Reply(found, seconds)
            case Refused():
                return Reply(Outcome.FORBIDDEN, seconds, refused=found)
            case _:
                return Reply(Outcome.OK, seconds, found)

    async def _ask(
        self, charger: ChargerId, address: Address, page: Page
    ) -> Outcome | Refused | Document:
        ips = (address.ip,) if address.ip else await self._resolve(address.host)
        more = tuple(self._keys.allow(charger))
        # All of them, not only the one that is taken: whoever answers for the name could
        # otherwise try until the order suits.
        for ip in ips:
            if (refused := self._reach.refusal(ip, more)) is not None:
                return refused
        outcome: Outcome | Document = Outcome.UNRESOLVED
        for ip in ips[:_MOST_TRIED]:
            outcome = await self._get(ip, address, page, self._keys.login(charger, ip))
            if outcome is not Outcome.UNREACHABLE:
                break
        return outcome

    async def _get(
        self, ip: Ip, address: Address, page: Page, login: Login | None
    ) -> Outcome | Document:
        response = Response()
        said = request(address, page.value, login)
        outcome = await exchange(ip, address, said, response, self._tls)
        if outcome is not Outcome.OK:
            return outcome
        document = read_document(bytes(response.body), page)
        return Outcome.MALFORMED if document is None else document
