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
from bridge.web.accept import accepts_gzip
from bridge.web.api import Api
from bridge.web.metrics import (
    OPENMETRICS,
    TEXT,
    Metrics,
    ScrapeFormat,
    parse_groups,
    prefers_openmetrics,
)
from bridge.web.page import FleetPage
from bridge.web.response_sender import ResponseSender, SharedResponse

BACKLOG = 1024
PROBES = frozenset({"/livez", "/readyz"})


class Authenticator(Protocol):
    """Checks the login for everything but the probes."""

    async def allows(self, header: str) -> bool:
        """Whether an Authorization header is the operator's."""


class HealthState(Protocol):
    """The health checks behind the probes; None for healthy, else the problem."""

    def dead(self) -> str | None:
        """Whether the process should be restarted."""

    def unready(self) -> str | None:
        """Whether the bridge receives messages."""


class Server:
    """Serves HTTP until closed."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        metrics: Metrics,
        api: Api,
        page: FleetPage,
        health: HealthState,
        login: Authenticator | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._health = health
        self._page = page
        self._login = login
        self._tls = tls
        self._sender = ResponseSender()
        app = web.Application(middlewares=[self._limit_requests, self._require_login])
        app.add_routes(
            [
                web.get("/", self._fleet_page),
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
            raise CannotStart(_listen_error(error, self._host, self._port)) from error
        port: int = self._runner.addresses[0][1]
        return port

    async def close(self) -> None:
        await self._runner.cleanup()
        await self._metrics.close()

    @web.middleware
    async def _limit_requests(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Limit requests in flight, except probes; disconnect clients that do not read."""
        if request.path in PROBES:
            return await handler(request)
        if self._sender.full:
            return web.Response(status=503, text="busy\n", headers={"Retry-After": "1"})
        with self._sender.counted():
            reply = await handler(request)
            await self._sender.send(request, reply)
        return reply

    @web.middleware
    async def _require_login(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Require the login where one is set; errors of the API are JSON."""
        if not await self._authorized(request):
            return web.Response(
                status=401,
                text="login required\n",
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

    async def _authorized(self, request: web.Request) -> bool:
        if self._login is None or request.path in PROBES:
            return True
        return await self._login.allows(request.headers.get("Authorization", ""))

    async def _scrape(self, request: web.Request) -> web.StreamResponse:
        try:
            groups = parse_groups(request.query.getall("collect[]", []))
        except ValueError:
            return web.Response(status=400, text="collect[] must be live, device or bridge\n")
        openmetrics = prefers_openmetrics(_header(request, "Accept"))
        gzip = accepts_gzip(_header(request, "Accept-Encoding"))
        body = await self._metrics.render(ScrapeFormat(groups, openmetrics, gzip))
        headers = {
            "Content-Type": OPENMETRICS if openmetrics else TEXT,
            "Vary": "Accept, Accept-Encoding",
        }
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return SharedResponse(body, headers)

    async def _livez(self, request: web.Request) -> web.Response:
        return _probe(self._health.dead())

    async def _readyz(self, request: web.Request) -> web.Response:
        return _probe(self._health.unready())

    async def _fleet_page(self, request: web.Request) -> web.Response:
        text = await self._page.render(time.time(), search=request.query.get("q", ""))
        return web.Response(text=text, content_type="text/html", headers=_PAGE_HEADERS)


_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def _header(request: web.Request, name: str) -> str:
    """A list that may be split over several lines."""
    return ",".join(request.headers.getall(name, []))


def _probe(problem: str | None) -> web.Response:
    if problem is None:
        return web.Response(text="ok\n")
    return web.Response(status=503, text=f"{problem}\n")


def _listen_error(error: OSError, host: str, port: int) -> str:
    setting = "set web.listen (NOFOS_WEB__LISTEN)"
    if error.errno == errno.EADDRINUSE:
        taken = "the port is taken; stop the other program or"
        return f"cannot listen on {host}:{port}: {taken} {setting}"
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
