"""Reads one value back from a store, in the language of whichever store it is.

Nothing tells reliably what answers: VictoriaMetrics says that it is InfluxDB 1.8. So the
languages are tried in turn, and the one that is understood is the store's.
"""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

import aiohttp

from bridge.tools.doctor.flux import flux_query

MOST_BYTES = 64 * 1024
PAUSE_SECONDS = 0.5
_MAY_NOT = (401, 403)


class Seen(Enum):
    """What reading back told."""

    THERE = auto()
    ABSENT = auto()
    """The store was asked in its language, and has not got it."""
    FORBIDDEN = auto()
    """The token may not read."""
    UNKNOWN = auto()
    """None of the languages is understood there."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A value that was written: an integer field of a measurement without tags."""

    measurement: str
    column: str
    value: int
    stamp_ms: int

    @property
    def line(self) -> bytes:
        return f"{self.measurement} {self.column}={self.value}i {self.stamp_ms}".encode()


@dataclass(frozen=True, slots=True)
class Place:
    """A store as its section of the settings names it; `timeout` in seconds, per request."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    ca_file: Path | None
    timeout: float


@dataclass(frozen=True, slots=True)
class Asking:
    """One request in one of the languages."""

    method: str
    path: str
    query: Mapping[str, str]
    body: str | None = None
    kind: str = "application/json"


async def read_back(place: Place, mark: Mark, seconds: float) -> Seen:
    """Ask until the value is there or the time is over: some stores show it a while later.

    Raises OSError or aiohttp.ClientError where the store cannot be asked.
    """
    end = time.monotonic() + seconds
    async with _session(place) as session:
        while True:
            seen = await _seen(session, place, mark)
            if seen is not Seen.ABSENT or time.monotonic() >= end:
                return seen
            await asyncio.sleep(PAUSE_SECONDS)


async def _seen(session: aiohttp.ClientSession, place: Place, mark: Mark) -> Seen:
    """The first language that is understood decides."""
    forbidden = False
    for ask in _LANGUAGES:
        asking = ask(place, mark)
        status, body = await _send(session, place, asking)
        if status == 200 and _is_data(body):
            return Seen.THERE if str(mark.value) in body else Seen.ABSENT
        forbidden = forbidden or (status in _MAY_NOT)
    return Seen.FORBIDDEN if forbidden else Seen.UNKNOWN


def _is_data(body: str) -> bool:
    """Not the page of a user interface, and no error within a 200."""
    if body.lstrip()[:1] == "<":
        return False
    try:
        found = json.loads(body) if body.startswith("{") else None
    except ValueError:
        return True
    return not (isinstance(found, dict) and "error" in found)


async def _send(
    session: aiohttp.ClientSession, place: Place, asking: Asking
) -> tuple[int, str]:  # fmt: skip
    headers = {"Content-Type": asking.kind, "Accept": "application/csv, application/json"}
    if place.token:
        headers["Authorization"] = f"Token {place.token}"
    async with session.request(
        asking.method, place.url + asking.path, params=asking.query, data=asking.body,
        headers=headers, allow_redirects=False,
    ) as reply:  # fmt: skip
        body = bytearray()
        async for chunk in reply.content.iter_any():
            body += chunk
            if len(body) > MOST_BYTES:
                break
        return reply.status, body.decode(errors="replace")


@asynccontextmanager
async def _session(place: Place) -> AsyncIterator[aiohttp.ClientSession]:
    tls = ssl.create_default_context(cafile=place.ca_file)
    timeout = aiohttp.ClientTimeout(total=place.timeout)
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, trust_env=False
    ) as session:
        yield session


def _flux(place: Place, mark: Mark) -> Asking:
    """InfluxDB 2."""
    body = flux_query(place.bucket, mark.measurement, mark.stamp_ms)
    return Asking("POST", "/api/v2/query", {"org": place.org}, body, "application/vnd.flux")


def _export(place: Place, mark: Mark) -> Asking:
    """VictoriaMetrics."""
    moment = {"start": str(mark.stamp_ms / 1000), "end": str(mark.stamp_ms / 1000)}
    series = f"{mark.measurement}_{mark.column}"
    return Asking("GET", "/api/v1/export", {"match[]": series, **moment})


def _influxql(place: Place, mark: Mark) -> Asking:
    """InfluxDB 1.8 and 3; a bucket of theirs is `database` or `database/retention`."""
    database, _, retention = place.bucket.partition("/")
    query = (
        f'SELECT "{mark.column}" FROM "{mark.measurement}" '
        f"WHERE time >= {mark.stamp_ms}ms AND time <= {mark.stamp_ms}ms"
    )
    named = {"rp": retention} if retention else {}
    return Asking("GET", "/query", {"db": database, "q": query, **named})


_LANGUAGES: tuple[Callable[[Place, Mark], Asking], ...] = (_flux, _export, _influxql)
