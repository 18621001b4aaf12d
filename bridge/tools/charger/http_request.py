"""One HTTP request to a charger's web server: always a result, never an exception.

The connection is made to an address that was just checked, not to a host name.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.document import outcome_of, read_document
from bridge.core.polling.http_response import Response
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.unread import Unread
from bridge.sources.http.exchange import exchange, request
from bridge.sources.http.guard import allowed_ips, first_reached
from bridge.tools.charger.requests import ChargerRequest

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class AddressRules:
    """A charger's address, which IPs may be requested, and which login may be sent to each."""

    address: Address
    resolve: Callable[[str], Awaitable[tuple[Ip, ...]]]
    refusal: Callable[[Ip], RefusedAddress | None]
    login: Callable[[Ip], ChargerLogin | None]


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The outcome of a request; `status` and `document` where the charger replied.

    `logged_in`: a login was sent; `refused` is set with FORBIDDEN, `unread` with MALFORMED
    and TOO_LARGE.
    """

    outcome: PollOutcome
    status: int | None = None
    document: Document | None = None
    logged_in: bool = False
    refused: RefusedAddress | None = None
    unread: Unread | None = None


async def send_request(
    rules: AddressRules, charger_request: ChargerRequest, *, seconds: float, tls: ssl.SSLContext
) -> RequestResult:
    """Send the request; TIMEOUT after this many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await _try_addresses(rules, charger_request, tls)
    except TimeoutError:
        return RequestResult(PollOutcome.TIMEOUT)


async def _try_addresses(
    rules: AddressRules, charger_request: ChargerRequest, tls: ssl.SSLContext
) -> RequestResult:
    address = rules.address
    ips = await allowed_ips(address, resolve=rules.resolve, refusal=rules.refusal)
    if isinstance(ips, RefusedAddress):
        return RequestResult(PollOutcome.FORBIDDEN, refused=ips)

    async def send(ip: Ip) -> RequestResult:
        return await _send(ip, address, charger_request, rules.login(ip), tls)

    return await first_reached(
        ips,
        send,
        unreached=RequestResult(PollOutcome.UNRESOLVED),
        outcome=lambda result: result.outcome,
    )


async def _send(
    ip: Ip,
    address: Address,
    charger_request: ChargerRequest,
    login: ChargerLogin | None,
    tls: ssl.SSLContext,
) -> RequestResult:
    """The document of an error reply is read too: it contains the reason."""
    response = Response(with_errors=True)
    request_text = request(address, _path_and_query(charger_request), login, charger_request.body)
    outcome = await exchange(ip, address, request_text, response, tls)
    if response.status is None:
        return RequestResult(outcome, unread=response.unread)
    found = read_document(bytes(response.body), Page.STATUS)
    document = found if isinstance(found, dict) else None
    unread = response.unread
    if outcome is PollOutcome.OK and isinstance(found, Unread):
        outcome, unread = outcome_of(found), found
    return RequestResult(outcome, response.status, document, login is not None, unread=unread)


def _path_and_query(charger_request: ChargerRequest) -> str:
    query = urlencode(charger_request.query, safe="$", quote_via=quote)
    return f"{charger_request.path}?{query}" if query else charger_request.path
