"""Reads one value back from a store, in the store's own query language.

A store cannot be identified reliably: VictoriaMetrics claims to be InfluxDB 1.8. So the
languages are tried one after the other until the store understands one.
"""

import asyncio
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path

import aiohttp

MAX_REPLY_BYTES = 64 * 1024
PAUSE_SECONDS = 0.5
_UNAUTHORIZED = (401, 403)
_UNAUTHORIZED_WORDS = ("unauthorized", "not authorized", "permission")
_UNREADABLE_BUCKET = "could not find bucket"
"""What InfluxDB 2 replies to a token that may not read the bucket, although it exists."""
_CSV_ERROR = re.compile(r",error,reference\r?\n,(.*)")


class ReadbackOutcome(Enum):
    """The result of reading back."""

    PRESENT = auto()
    ABSENT = auto()
    """The store understood the query, and does not have the value."""
    FORBIDDEN = auto()
    """The token may not read."""
    UNSUPPORTED = auto()
    """The store understands none of the languages."""


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """The value that was written: an integer field of a measurement without tags."""

    measurement: str
    field: str
    value: int
    stamp_ms: int

    @property
    def line(self) -> bytes:
        return f"{self.measurement} {self.field}={self.value}i {self.stamp_ms}".encode()


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """A store's address and credentials from the settings; `timeout` in seconds, per request."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    ca_file: Path | None
    timeout: float


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One HTTP request in one of the query languages."""

    method: str
    path: str
    query: Mapping[str, str]
    body: str | None = None
    content_type: str = "application/json"


async def read_back(store: StoreAccess, point: ProbePoint, seconds: float) -> ReadbackOutcome:
    """Query until the value is there or the time is over: some stores show it after a delay.

    Raises OSError or aiohttp.ClientError where the store cannot be reached.
    """
    end = time.monotonic() + seconds
    async with _session(store) as session:
        while True:
            outcome = await _read_once(session, store, point)
            if outcome is not ReadbackOutcome.ABSENT or time.monotonic() >= end:
                return outcome
            await asyncio.sleep(PAUSE_SECONDS)


async def _read_once(
    session: aiohttp.ClientSession, store: StoreAccess, point: ProbePoint
) -> ReadbackOutcome:
    """The result in the first language that the store understands."""
    forbidden = False
    for build_request in _LANGUAGES:
        status, body = await _send(session, store, build_request(store, point))
        error = _error(body)
        if _UNREADABLE_BUCKET in error:
            return ReadbackOutcome.FORBIDDEN
        if status == 200 and not error and body.lstrip()[:1] != "<":
            return ReadbackOutcome.PRESENT if str(point.value) in body else ReadbackOutcome.ABSENT
        forbidden = forbidden or status in _UNAUTHORIZED or _says_unauthorized(error)
    return ReadbackOutcome.FORBIDDEN if forbidden else ReadbackOutcome.UNSUPPORTED


def _error(body: str) -> str:
    """The error in a reply, which may come with status 200 too; empty for none."""
    if found := _CSV_ERROR.search(body):
        return found[1]
    try:
        document = json.loads(body) if body.startswith("{") else None
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    results = document.get("results")
    parts = [document, *(results if isinstance(results, list) else [])]
    texts = [part.get("error") for part in parts if isinstance(part, dict)]
    if isinstance(document.get("code"), str):
        texts.append(document.get("message"))
    return "; ".join(str(text) for text in texts if text)


def _says_unauthorized(error: str) -> bool:
    return any(words in error.lower() for words in _UNAUTHORIZED_WORDS)


async def _send(
    session: aiohttp.ClientSession, store: StoreAccess, request: ReadRequest
) -> tuple[int, str]:  # fmt: skip
    headers = {
        "Content-Type": request.content_type, "Accept": "application/csv, application/json",
        # Nothing is unpacked: a small reply could be large.
        "Accept-Encoding": "identity",
    }  # fmt: skip
    if store.token:
        headers["Authorization"] = f"Token {store.token}"
    async with session.request(
        request.method, store.url + request.path, params=request.query, data=request.body,
        headers=headers, allow_redirects=False,
    ) as reply:  # fmt: skip
        body = bytearray()
        async for chunk in reply.content.iter_any():
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                break
        return reply.status, body.decode(errors="replace")


@asynccontextmanager
async def _session(store: StoreAccess) -> AsyncIterator[aiohttp.ClientSession]:
    tls = ssl.create_default_context(cafile=store.ca_file)
    timeout = aiohttp.ClientTimeout(total=store.timeout)
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, trust_env=False, auto_decompress=False
    ) as session:
        yield session


def _flux_request(store: StoreAccess, point: ProbePoint) -> ReadRequest:
    """InfluxDB 2."""
    body = flux_query(store.bucket, point.measurement, point.stamp_ms)
    return ReadRequest("POST", "/api/v2/query", {"org": store.org}, body, "application/vnd.flux")


def flux_query(bucket: str, measurement: str, stamp_ms: int) -> str:
    """All values of a measurement at one millisecond."""
    start = datetime.fromtimestamp(stamp_ms / 1000, UTC)
    return (
        f"from(bucket: {literal(bucket)})\n"
        f"  |> range(start: {_time(start)}, stop: {_time(start + timedelta(milliseconds=1))})\n"
        f"  |> filter(fn: (r) => r._measurement == {literal(measurement)})\n"
    )


def literal(text: str) -> str:
    """A string literal; `${` would begin an expression."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _export_request(store: StoreAccess, point: ProbePoint) -> ReadRequest:
    """VictoriaMetrics."""
    time_range = {"start": str(point.stamp_ms / 1000), "end": str(point.stamp_ms / 1000)}
    series = f"{point.measurement}_{point.field}"
    return ReadRequest("GET", "/api/v1/export", {"match[]": series, **time_range})


def _influxql_request(store: StoreAccess, point: ProbePoint) -> ReadRequest:
    """InfluxDB 1.8 and 3, where a bucket is `database` or `database/retention`."""
    database, _, retention = store.bucket.partition("/")
    query = (
        f'SELECT "{point.field}" FROM "{point.measurement}" '
        f"WHERE time >= {point.stamp_ms}ms AND time <= {point.stamp_ms}ms"
    )
    policy = {"rp": retention} if retention else {}
    return ReadRequest("GET", "/query", {"db": database, "q": query, **policy})


_LANGUAGES: tuple[Callable[[StoreAccess, ProbePoint], ReadRequest], ...] = (
    _flux_request,
    _export_request,
    _influxql_request,
)
