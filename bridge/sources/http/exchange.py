"""One connection, one request, one response: the exchange with a charger's web server.

Made for ten thousand small responses a minute: no redirects, cookies, proxies, compression,
name resolution or keep-alive, which a hostile server could exploit.
"""

import asyncio
import ssl
from pathlib import Path

from bridge.core.polling.address import Address, Ip
from bridge.core.polling.http_response import Response
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import PollOutcome


def request(
    address: Address, target: str, login: ChargerLogin | None, body: bytes | None = None
) -> bytes:
    """A GET, or a POST of a JSON document; `target` is a path and its query, already encoded."""
    lines = [
        f"{'GET' if body is None else 'POST'} {target} HTTP/1.1",
        f"Host: {address.authority}",
        "Accept: application/json",
        "User-Agent: nofos-bridge",
        "Connection: close",
    ]
    if login is not None:
        lines.append(f"Authorization: {login.header}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (body or b"")


async def exchange(
    ip: Ip, address: Address, request_bytes: bytes, response: Response, tls: ssl.SSLContext
) -> PollOutcome:
    """Send the request and read the response; the only timeout is the system's for connecting.

    No name is resolved: it connects to `ip` and expects the certificate of `address`.
    """
    loop = asyncio.get_running_loop()
    protocol = _Exchange(request_bytes, response, loop.create_future())
    try:
        transport, _ = await loop.create_connection(
            lambda: protocol,
            str(ip),
            address.port,
            ssl=tls if address.tls else None,
            server_hostname=_name(ip, address) if address.tls else None,
        )
    except ssl.SSLError:
        return PollOutcome.TLS
    except TimeoutError:
        return PollOutcome.TIMEOUT
    except OSError:
        return PollOutcome.UNREACHABLE
    try:
        return await protocol.done
    finally:
        transport.abort()


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities, or those of one file alone. Raises OSError."""
    return ssl.create_default_context(cafile=ca_file)


class _Exchange(asyncio.Protocol):
    """Ends with the response's outcome, however the connection ends."""

    def __init__(
        self, request_bytes: bytes, response: Response, done: asyncio.Future[PollOutcome]
    ) -> None:
        self.done = done
        self._request_bytes = request_bytes
        self._response = response

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request_bytes)

    def data_received(self, data: bytes) -> None:
        if not self.done.done() and self._response.feed(data):
            self._finish(self._response.end())

    def connection_lost(self, error: Exception | None) -> None:
        tls_failed = self._response.status is None and isinstance(error, ssl.SSLError)
        self._finish(PollOutcome.TLS if tls_failed else self._response.end())

    def _finish(self, outcome: PollOutcome) -> None:
        if not self.done.done():
            self.done.set_result(outcome)


def _name(ip: Ip, address: Address) -> str:
    return str(ip) if address.ip is not None else address.host.rstrip(".")
