"""The web server: metrics, probes, the API and the fleet page."""

import errno
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from bridge.core.errors import CannotStart, DiskTrouble
from bridge.web.api import Api
from bridge.web.metrics import OPENMETRICS, TEXT, Metrics, Wanted, groups_of, wants_openmetrics
from bridge.web.page import Page
from bridge.web.sending import Sending, Shared

BACKLOG = 1024
PROBES = frozenset({"/livez", "/readyz"})


class Login(Protocol):
    """Who may see more than the probes."""

    async def allows(self, header: str) -> bool:
        """Whether an Authorization header is the operator's."""


class Health(Protocol):
    """What the probes ask; each answer is None for well, else what is wrong."""

    def dead(self) -> str | None:
        """Whether the process should be restarted."""

    def unready(self) -> str | None:
        """Whether the bridge hears."""


class Server:
    """Listens until closed."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        metrics: Metrics,
        api: Api,
        page: Page,
        health: Health,
        login: Login | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._health = health
        self._page = page
        self._login = login
        self._tls = tls
        self._sending = Sending()
        app = web.Application(middlewares=[self._bound, self._guard])
        app.add_routes(
            [
                web.get("/", self._fleet),
                web.get("/metrics", self._scrape),
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                *api.routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2)

    async def start(self) -> int:
        """Listen; returns the port. Raises CannotStart when it is taken."""
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, self._host, self._port, ssl_context=self._tls, backlog=BACKLOG
        )
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise CannotStart(_why_not(error, self._host, self._port)) from error
        port: int = self._runner.addresses[0][1]
        return port

    async def close(self) -> None:
        await self._runner.cleanup()
        await self._metrics.close()

    @web.middleware
    async def _bound(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Only so many at once, the probes apart; whoever does not read is cut off."""
        if request.path in PROBES:
            return await handler(request)
        if self._sending.full:
            return web.Response(status=503, text="busy\n", headers={"Retry-After": "1"})
        with self._sending.one_more():
            reply = await handler(request)
            await self._sending.send(request, reply)
        return reply

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Ask for the login where one is set; errors of the API are JSON."""
        if not await self._may_see(request):
            return web.Response(
                status=401,
                text="login needed\n",
                headers={"WWW-Authenticate": 'Basic realm="nofos-bridge", charset="UTF-8"'},
            )
        try:
            return await handler(request)
        except web.HTTPException as error:
            if request.path.startswith("/api/") and error.status >= 400:
                return web.json_response({"error": error.reason.lower()}, status=error.status)
            raise
        except DiskTrouble as trouble:
            return web.json_response({"error": str(trouble)}, status=503)

    async def _may_see(self, request: web.Request) -> bool:
        if self._login is None or request.path in PROBES:
            return True
        return await self._login.allows(request.headers.get("Authorization", ""))

    async def _scrape(self, request: web.Request) -> web.StreamResponse:
        try:
            groups = groups_of(request.query.getall("collect[]", []))
        except ValueError:
            return web.Response(status=400, text="collect[] takes live, device or bridge\n")
        openmetrics = wants_openmetrics(request.headers.get("Accept", ""))
        gzip = "gzip" in request.headers.get("Accept-Encoding", "")
        body = await self._metrics.render(Wanted(groups, openmetrics, gzip))
        headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return Shared(body, headers)

    async def _livez(self, request: web.Request) -> web.Response:
        return _probe(self._health.dead())

    async def _readyz(self, request: web.Request) -> web.Response:
        return _probe(self._health.unready())

    async def _fleet(self, request: web.Request) -> web.Response:
        text = await self._page.render(time.time(), search=request.query.get("q", ""))
        return web.Response(text=text, content_type="text/html", headers=_PAGE_HEADERS)


_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def _probe(wrong: str | None) -> web.Response:
    if wrong is None:
        return web.Response(text="ok\n")
    return web.Response(status=503, text=f"{wrong}\n")


def _why_not(error: OSError, host: str, port: int) -> str:
    setting = "set web.listen (NOFOS_WEB__LISTEN)"
    if error.errno == errno.EADDRINUSE:
        return f"cannot listen on {host}:{port}: it is taken; stop the other program or {setting}"
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return f"cannot listen on {host}:{port}: {why}; {setting}"


def tls_context(cert_file: Path | None, key_file: Path | None) -> ssl.SSLContext | None:
    """HTTPS where a certificate is set; raises CannotStart for one that cannot be used."""
    if cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"web.cert_file {cert_file}: {error}") from error
    return context
