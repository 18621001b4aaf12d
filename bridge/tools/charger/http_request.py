"""One request of a command to a charger's web server: one result, never an exception.

The connection goes to an address that was checked a moment before, not to a name.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.document import read_document
from bridge.core.polling.http_response import Response
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.sources.http.exchange import exchange, request
from bridge.sources.http.guard import allowed_ips, first_reached
from bridge.tools.charger.requests import ChargerRequest

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a charger is, which of its addresses may be called, what may be sent to each."""

    address: Address
    resolve: Callable[[str], Awaitable[tuple[Ip, ...]]]
    refusal: Callable[[Ip], RefusedAddress | None]
    login: Callable[[Ip], ChargerLogin | None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a request ended; `status` and `document` where the charger told them.

    `logged_in` is whether a login was sent, `refused` is set with FORBIDDEN.
    """

    outcome: PollOutcome
    status: int | None = None
    document: Document | None = None
    logged_in: bool = False
    refused: RefusedAddress | None = None


async def run(
    route: Route, errand: ChargerRequest, *, seconds: float, tls: ssl.SSLContext
) -> Result:
    """Send the request, within the time."""
    try:
        async with asyncio.timeout(seconds):
            return await _run(route, errand, tls)
    except TimeoutError:
        return Result(PollOutcome.TIMEOUT)


async def _run(route: Route, errand: ChargerRequest, tls: ssl.SSLContext) -> Result:
    address = route.address
    ips = await allowed_ips(address, resolve=route.resolve, refusal=route.refusal)
    if isinstance(ips, RefusedAddress):
        return Result(PollOutcome.FORBIDDEN, refused=ips)

    async def send(ip: Ip) -> Result:
        return await _send(ip, address, errand, route.login(ip), tls)

    return await first_reached(
        ips, send, unreached=Result(PollOutcome.UNRESOLVED), outcome=lambda result: result.outcome
    )


async def _send(
    ip: Ip,
    address: Address,
    errand: ChargerRequest,
    login: ChargerLogin | None,
    tls: ssl.SSLContext,
) -> Result:
    """The document is read of an error too: it says why."""
    response = Response(with_errors=True)
    said = request(address, _target(errand), login, errand.body)
    outcome = await exchange(ip, address, said, response, tls)
    if response.status is None:
        return Result(outcome)
    found = read_document(bytes(response.body), Page.STATUS)
    document = found if isinstance(found, dict) else None
    if outcome is PollOutcome.OK and document is None:
        outcome = PollOutcome.MALFORMED
    return Result(outcome, response.status, document, login is not None)


def _target(errand: ChargerRequest) -> str:
    query = urlencode(errand.query, safe="$", quote_via=quote)
    return f"{errand.path}?{query}" if query else errand.path
