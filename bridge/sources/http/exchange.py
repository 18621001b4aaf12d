"""One connection, one request, one response: the way to a charger's web server.

Made for ten thousand small answers a minute: no redirects, cookies, proxies, compression,
look-ups or kept connections, which a stranger's server could make use of.
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
    """A GET, or a POST of a JSON document; `target` is a path and its query, as it is sent."""
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
    ip: Ip, address: Address, said: bytes, response: Response, tls: ssl.SSLContext
) -> PollOutcome:
    """Say it, and read the response; it knows no time limit but the system's for connecting.

    Nothing is looked up: the connection goes to `ip`, where `address` names whose certificate is
    expected.
    """
    loop = asyncio.get_running_loop()
    talk = _Exchange(said, response, loop.create_future())
    try:
        transport, _ = await loop.create_connection(
            lambda: talk,
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
        return await talk.done
    finally:
        transport.abort()


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities, or those of one file alone. Raises OSError."""
    return ssl.create_default_context(cafile=ca_file)


class _Exchange(asyncio.Protocol):
    """Ends with the response's outcome, whichever way the connection goes."""

    def __init__(self, said: bytes, response: Response, done: asyncio.Future[PollOutcome]) -> None:
        self.done = done
        self._said = said
        self._response = response

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._said)

    def data_received(self, data: bytes) -> None:
        if not self.done.done() and self._response.feed(data):
            self._finish(self._response.end())

    def connection_lost(self, error: Exception | None) -> None:
        untold = self._response.status is None and isinstance(error, ssl.SSLError)
        self._finish(PollOutcome.TLS if untold else self._response.end())

    def _finish(self, outcome: PollOutcome) -> None:
        if not self.done.done():
            self.done.set_result(outcome)


def _name(ip: Ip, address: Address) -> str:
    return str(ip) if address.ip is not None else address.host.rstrip(".")
