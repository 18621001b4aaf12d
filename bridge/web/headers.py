"""The headers that every answer has."""

from aiohttp import web, web_response

# aiohttp sends its version, also in answers to what is no HTTP, which no hook sees.
web_response.SERVER_SOFTWARE = "nofos-bridge"  # type: ignore[attr-defined]  # it has no setting

_NO_PAGE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
PAGE_HEADERS = {
    "Content-Security-Policy": f"{_NO_PAGE}; style-src 'unsafe-inline'; form-action 'self'",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _NO_PAGE,
}


async def add_headers(_: web.Request, reply: web.StreamResponse) -> None:
    """A hook: what every answer has."""
    for name, value in _HEADERS.items():
        reply.headers.setdefault(name, value)
