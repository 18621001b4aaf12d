"""One request of a command to a charger's web server: one result, never an exception.

The connection goes to an address that was checked a moment before, not to a name.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from yarl import URL

from bridge.core.address import Address, Ip, Refused
from bridge.core.document import read_document
from bridge.core.errands import Errand
from bridge.core.login import Login
from bridge.core.polls import Outcome, Page, of_status
from bridge.sources.http_session import open_session

MOST_BYTES = 64 * 1024
Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a charger is, which of its addresses may be called, what may be sent to each."""

    address: Address
    resolve: Callable[[str], Awaitable[tuple[Ip, ...]]]
    refusal: Callable[[Ip], Refused | None]
    login: Callable[[Ip], Login | None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a request ended; `status` and `document` where the charger told them.

    `logged_in` is whether a login was sent, `refused` is set with FORBIDDEN.
    """

    outcome: Outcome
    status: int | None = None
    document: Document | None = None
    logged_in: bool = False
    refused: Refused | None = None


async def run(route: Route, errand: Errand, *, seconds: float, tls: ssl.SSLContext) -> Result:
    """Send the request, within the time."""
    try:
        async with asyncio.timeout(seconds), open_session(tls) as session:
            return await _run(session, route, errand)
    except TimeoutError:
        return Result(Outcome.TIMEOUT)


async def _run(session: aiohttp.ClientSession, route: Route, errand: Errand) -> Result:
    address = route.address
    ips = (address.ip,) if address.ip else await route.resolve(address.host)
    for ip in ips:
        if (refused := route.refusal(ip)) is not None:
            return Result(Outcome.FORBIDDEN, refused=refused)
    result = Result(Outcome.UNRESOLVED)
    for ip in ips:
        result = await _send(session, ip, address, errand, route.login(ip))
        if result.outcome is not Outcome.UNREACHABLE:
            break
    return result


async def _send(
    session: aiohttp.ClientSession, ip: Ip, address: Address, errand: Errand, login: Login | None
) -> Result:
    headers = {"Host": address.authority, "Connection": "close"}
    if login is not None:
        headers["Authorization"] = login.header
    if errand.body is not None:
        headers["Content-Type"] = "application/json"
    try:
        response = await session.request(
            "GET" if errand.body is None else "POST",
            _url(ip, address, errand),
            headers=headers,
            data=errand.body,
            allow_redirects=False,
            server_hostname=address.host.rstrip(".") if address.tls and not address.ip else None,
        )
    except (aiohttp.ClientSSLError, ssl.SSLError):
        return Result(Outcome.TLS)
    except aiohttp.ClientResponseError:
        return Result(Outcome.MALFORMED)
    except (aiohttp.ClientConnectionError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        return Result(Outcome.UNREACHABLE)
    try:
        return await _read(response, logged_in=login is not None)
    finally:
        response.close()


async def _read(response: aiohttp.ClientResponse, *, logged_in: bool) -> Result:
    """The document is read of an error too: it says why."""
    status, body = response.status, bytearray()
    outcome = of_status(status)
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MOST_BYTES:
                return Result(Outcome.TOO_LARGE, status, logged_in=logged_in)
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        body.clear()
    found = read_document(bytes(body), Page.STATUS)
    document = found if isinstance(found, dict) else None
    if outcome is Outcome.OK and document is None:
        outcome = Outcome.MALFORMED
    return Result(outcome, status, document, logged_in)


def _url(ip: Ip, address: Address, errand: Errand) -> URL:
    scheme = "https" if address.tls else "http"
    return URL.build(
        scheme=scheme, host=str(ip), port=address.port, path=errand.path, query=errand.query
    )
