"""The chargers' web servers: one aiohttp server that listens on every charger's own address."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

from aiohttp import web

from bridge.sim.options import SimError
from bridge.sim.site import ChargerWebSite, HttpReply

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "*",
}
_SHUTDOWN_SECONDS = 1.0


@contextlib.asynccontextmanager
async def serve(sites: Sequence[ChargerWebSite], port: int) -> AsyncIterator[None]:
    """Listen on all sites' addresses; raises SimError when a port is taken."""
    front = VirtualHosts({site.identity.address: site for site in sites})
    server = web.Server(front.respond, access_log=None)
    addresses = [site.identity.address for site in sites]
    try:
        sockets = await asyncio.get_running_loop().create_server(server, addresses, port)
    except OSError as error:
        raise SimError(f"http_port {port}: {error.strerror or error}") from error
    try:
        yield
    finally:
        sockets.close()
        await server.shutdown(_SHUTDOWN_SECONDS)


class VirtualHosts:
    """Selects the charger by the local address of the connection."""

    def __init__(self, sites: Mapping[str, ChargerWebSite]) -> None:
        self._sites = sites

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Reply and close the connection, as the device does."""
        if request.transport is None:
            raise ConnectionResetError
        site = self._sites[request.transport.get_extra_info("sockname")[0]]
        if not site.reachable:
            # What is returned goes nowhere; aiohttp would log an exception as an error.
            request.transport.abort()
            return web.Response()
        response = await _response(site, request)
        response.headers.update(_CORS)
        response.force_close()
        return response


async def _response(site: ChargerWebSite, request: web.BaseRequest) -> web.Response:
    if not _authorized(site, request):
        realm = f"Basic realm=nofos-{site.identity.tail}"
        return web.Response(status=401, headers={"WWW-Authenticate": realm})
    match request.method:
        case "GET" | "HEAD":
            answer = site.get(request.path, request.query)
        case "POST":
            answer = site.post(request.path, await request.read())
        case "OPTIONS":
            answer = HttpReply("", kind="text/plain")
        case _:
            answer = HttpReply("Not found", 404, "text/plain")
    return web.Response(text=answer.text, status=answer.code, content_type=answer.kind)


def _authorized(site: ChargerWebSite, request: web.BaseRequest) -> bool:
    """Always true without a user name; the whole header is compared, as bytes."""
    user = site.settings.text("www_username")
    if not user:
        return True
    known = f"{user}:{site.settings.text('www_password')}".encode()
    expected = "Basic " + base64.b64encode(known).decode()
    return request.headers.get("Authorization") == expected
