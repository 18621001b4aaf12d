"""The HTTP client with everything off that a stranger's server could make use of."""

import ssl
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_MOST_HEAD = 8 * 1024


class _NoLookUp(AbstractResolver):
    """Addresses are looked up before; a name that comes here is a mistake, and fails."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        raise OSError("names are not looked up here")

    async def close(self) -> None:
        """Nothing is open."""


def open_session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """No cookies, proxies, compression, look-ups; each connection is for one request.

    It knows no time limit: the caller's stands for all of a request.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, force_close=True, use_dns_cache=False, resolver=_NoLookUp(), ssl=tls
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        skip_auto_headers=("Accept-Encoding",),
        headers={"Accept": "application/json", "User-Agent": "nofos-bridge"},
        read_bufsize=_MOST_HEAD,
        max_line_size=_MOST_HEAD,
        max_field_size=_MOST_HEAD,
    )


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities, or those of one file alone. Raises OSError."""
    return ssl.create_default_context(cafile=ca_file)
