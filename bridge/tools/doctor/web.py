"""Tries the port of the page: it is free, or a bridge answers there."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import aiohttp

from bridge.settings import Settings
from bridge.tools.doctor.finding import Case, Finding, doubtful, failed, good

SUBJECT = "web port"
PATIENCE_SECONDS = 5.0
_MOST_SAID = 200
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_REMEDY = "set web.listen (NOFOS_WEB__LISTEN) to a free host:port of this machine"
_OTHER = f"end that program, or {_REMEDY}"


async def probe_web(case: Case) -> AsyncIterator[Finding]:
    """Listens there for a moment; where that is taken, asks `/readyz`."""
    listen = case.settings.web.listen
    try:
        await asyncio.to_thread(_listen, listen.host, listen.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield await _whose(case.settings)
        else:
            yield failed(SUBJECT, f"cannot listen on {listen}: {error.strerror}", _REMEDY)
        return
    yield good(SUBJECT, f"{listen} is free" if listen.port else "any free port will be taken")


def _listen(host: str, port: int) -> None:
    (family, kind, protocol, _, place), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    with socket.socket(family, kind, protocol) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
        sock.listen(1)


async def _whose(settings: Settings) -> Finding:
    listen = settings.web.listen
    try:
        status, said = await _ask(settings)
    except (aiohttp.ClientError, OSError) as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else "no answer as a bridge's"
        return failed(SUBJECT, f"another program has {listen} ({why})", _OTHER)
    if status == 200 and said == "ok":
        return good(SUBJECT, f"a bridge answers on {listen}, and is ready")
    if status == 503:
        what = f"a bridge answers on {listen}, and is not ready: {said}"
        return doubtful(SUBJECT, what, "see what is said of the broker")
    return failed(SUBJECT, f"another program has {listen} (HTTP {status})", _OTHER)


async def _ask(settings: Settings) -> tuple[int, str]:
    """Status and text of `/readyz`; nothing secret is sent, so nobody's certificate counts."""
    listen = settings.web.listen
    host = _ANY.get(listen.host, listen.host)
    place = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.web.cert_file else "http"
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
        session.get(
            f"{scheme}://{place}:{listen.port}/readyz", allow_redirects=False, ssl=False
        ) as reply,
    ):
        body = await reply.content.read(_MOST_SAID)
        return reply.status, body.decode(errors="replace").strip()
