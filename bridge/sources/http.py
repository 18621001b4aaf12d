"""One request to a charger's web server: exactly one outcome, never an exception.

The connection goes to an address that was checked a moment before, not to a name.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from bridge.core.address import Address, Ip, Refused
from bridge.core.document import Document, read_document
from bridge.core.login import Login
from bridge.core.model import ChargerId
from bridge.core.polls import Outcome, Page, of_status
from bridge.core.reach import Network, Reach
from bridge.sources.http_session import open_session

MOST_BYTES = 64 * 1024
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
    """Fetches pages; an asynchronous context manager, which opens and closes its session."""

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
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = open_session(self._tls)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

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
        assert self._session is not None, "not opened"
        headers = {"Host": address.authority, "Connection": "close"}
        if login is not None:
            headers["Authorization"] = login.header
        named = address.host.rstrip(".") if address.tls and address.ip is None else None
        try:
            response = await self._session.get(
                _url(ip, address, page),
                headers=headers,
                allow_redirects=False,
                server_hostname=named,
            )
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Outcome.TLS
        except aiohttp.ClientResponseError:
            return Outcome.MALFORMED
        except (aiohttp.ClientConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            return Outcome.UNREACHABLE
        try:
            return await _read(response, page)
        finally:
            response.close()


async def _read(response: aiohttp.ClientResponse, page: Page) -> Outcome | Document:
    outcome = of_status(response.status)
    if outcome is not Outcome.OK:
        return outcome
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MOST_BYTES:
                return Outcome.TOO_LARGE
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        return Outcome.MALFORMED
    document = read_document(bytes(body), page)
    return Outcome.MALFORMED if document is None else document


def _url(ip: Ip, address: Address, page: Page) -> URL:
    scheme = "https" if address.tls else "http"
    return URL.build(scheme=scheme, host=str(ip), port=address.port, path=page.value)
