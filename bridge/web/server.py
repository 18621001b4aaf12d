"""The web server: metrics, probes, the API and the fleet page."""

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Protocol

from aiohttp import web

from bridge.core.errors import CannotStart, DiskTrouble
from bridge.web.accept import accepts_gzip
from bridge.web.acceptor import Acceptor, bound_sockets, most_connections
from bridge.web.api import Api
from bridge.web.headers import PAGE_HEADERS, add_headers
from bridge.web.hosts import is_ours
from bridge.web.login import Admission
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
UNDER_ANY_NAME = PROBES | {"/metrics"}
KEEP_ALIVE_SECONDS = 75.0
RENDERED = frozenset({"/", "/api/v1/chargers"})
"""Charger by charger, for each viewer."""


class Authenticator(Protocol):
    """Checks the login for everything but the probes."""

    async def admits(self, header: str, client: str) -> Admission:
        """Check an Authorization header from this address."""


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
        hosts: Sequence[str] = (),
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._health = health
        self._page = page
        self._login = login
        self._tls = tls
        # Not getfqdn: it asks a resolver, which may be slow, or of another mind.
        self._names = {*hosts, socket.gethostname().lower()}
        self._sender = ResponseSender()
        self._rendering = asyncio.Lock()
        app = web.Application(
            middlewares=[self._check_host, self._require_login, self._limit_requests]
        )
        app.add_routes(
            [
                web.get("/", self._fleet_page),
                web.get("/metrics", self._scrape),
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                *api.routes(),
            ]
        )
        app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=2,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )  # fmt: skip
        self._acceptor: Acceptor | None = None

    @property
    def refused(self) -> int:
        """Connections that were closed at once, since there were too many."""
        return self._acceptor.refused if self._acceptor else 0

    async def start(self) -> int:
        """Listen; returns the port. Raises CannotStart when it is taken."""
        await self._runner.setup()
        assert self._runner.server is not None
        try:
            sockets = await bound_sockets(self._host, self._port, BACKLOG)
        except OSError as error:
            await self._runner.cleanup()
            raise CannotStart(_listen_error(error, self._host, self._port)) from error
        self._acceptor = Acceptor(self._runner.server, tls=self._tls, most=most_connections())
        self._acceptor.listen(sockets)
        port: int = sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Answer what was asked, for two seconds, and end all connections."""
        if self._acceptor is not None:
            self._acceptor.close()
        await self._runner.cleanup()
        if self._acceptor is not None:
            self._acceptor.abort()
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
        client = request.remote or ""
        # Where there is a login, it was checked before.
        known = self._login is not None
        if not self._sender.has_room(client, known=known, metrics=request.path == "/metrics"):
            return web.Response(status=503, text="busy\n", headers={"Retry-After": "1"})
        with self._sender.counted(client):
            # All viewers share one budget: one page at a time. Scrapes share their own.
            async with self._rendering if request.path in RENDERED else nullcontext():
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
        if (refused := await self._refused(request)) is not None:
            return refused
        try:
            return await handler(request)
        except web.HTTPException as error:
            if request.path.startswith("/api/") and error.status >= 400:
                return web.json_response({"error": error.reason.lower()}, status=error.status)
            raise
        except DiskTrouble as trouble:
            return web.json_response({"error": str(trouble)}, status=503)

    async def _refused(self, request: web.Request) -> web.Response | None:
        """The answer to a request without the login; None for one that may go on."""
        if self._login is None or request.path in PROBES:
            return None
        match await self._login.admits(
            request.headers.get("Authorization", ""), request.remote or ""
        ):
            case Admission.ALLOWED:
                return None
            case Admission.BUSY:
                return web.Response(status=429, text="try later\n", headers={"Retry-After": "5"})
        return web.Response(
            status=401, text="login required\n",
            headers={"WWW-Authenticate": 'Basic realm="nofos-bridge", charset="UTF-8"'},
        )  # fmt: skip

    @web.middleware
    async def _check_host(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Answer page and API only under names of our own."""
        if request.path in UNDER_ANY_NAME or is_ours(request.host, self._names):
            return await handler(request)
        return web.Response(status=421, text="not under this name: see web.hosts\n")

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
        return web.Response(text=text, content_type="text/html", headers=PAGE_HEADERS)


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
