"""Tests the web port: it is free, or a bridge already uses it."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import aiohttp

from bridge.settings import Settings
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, ok, warning

SUBJECT = "web port"
TIMEOUT_SECONDS = 5.0
_MAX_REPLY_BYTES = 200
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_REMEDY = "set web.listen (NOFOS_WEB__LISTEN) to a free host:port of this machine"
_TAKEN_REMEDY = f"stop that program, or {_REMEDY}"


async def probe_web(context: DoctorContext) -> AsyncIterator[Finding]:
    """Listens on the port for a moment; where it is taken, requests `/readyz`."""
    listen = context.settings.web.listen
    try:
        await asyncio.to_thread(_try_listening, listen.host, listen.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield await _identify(context.settings)
        else:
            yield failed(SUBJECT, f"cannot listen on {listen}: {error.strerror}", _REMEDY)
        return
    yield ok(SUBJECT, f"{listen} is free" if listen.port else "any free port will be used")


def _try_listening(host: str, port: int) -> None:
    (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    with socket.socket(family, kind, protocol) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(1)


async def _identify(settings: Settings) -> Finding:
    listen = settings.web.listen
    try:
        status, reply = await _get_readyz(settings)
    except (aiohttp.ClientError, OSError) as error:
        why = (
            "no reply in time" if isinstance(error, TimeoutError) else "the reply is not a bridge's"
        )
        return failed(SUBJECT, f"another program uses {listen} ({why})", _TAKEN_REMEDY)
    if status == 200 and reply == "ok":
        return ok(SUBJECT, f"a bridge is running on {listen} and is ready")
    if status == 503:
        what = f"a bridge is running on {listen} but is not ready: {reply}"
        return warning(SUBJECT, what, "see the findings about the broker")
    return failed(SUBJECT, f"another program uses {listen} (HTTP {status})", _TAKEN_REMEDY)


async def _get_readyz(settings: Settings) -> tuple[int, str]:
    """Status and text of `/readyz`; sends nothing secret, so certificates are not verified."""
    listen = settings.web.listen
    host = _LOOPBACK.get(listen.host, listen.host)
    address = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.web.cert_file else "http"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
        session.get(
            f"{scheme}://{address}:{listen.port}/readyz", allow_redirects=False, ssl=False
        ) as reply,
    ):
        body = await reply.content.read(_MAX_REPLY_BYTES)
        return reply.status, body.decode(errors="replace").strip()
