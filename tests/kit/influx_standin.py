"""A stand-in for InfluxDB 1.8, 2.x and 3 that replays their documented replies to writes."""

import asyncio
import gzip
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType, TracebackType
from typing import Self

from aiohttp import web

from bridge.core.output.columns import split_line

MOST_LISTED = 100


class Version(Enum):
    """Whose ways with bad lines are played."""

    V1 = "1.8"
    V2 = "2.x"
    V3 = "3"


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that does not depend on the lines; nothing is stored."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


class Silence:
    """Never an answer."""


class Reset:
    """The connection breaks off."""


Answer = Canned | Silence | Reset

UNAUTHORIZED = Canned(401, {"code": "unauthorized", "message": "unauthorized access"})
FORBIDDEN = Canned(403, {"code": "forbidden", "message": "insufficient permissions for write"})
NO_BUCKET = Canned(404, {"code": "not found", "message": 'bucket "evse" not found'})
NO_DATABASE = Canned(404, {"error": 'database not found: "evse"'})
TOO_LARGE = Canned(
    413, {"code": "request too large", "message": "cannot read data: points batch is too large"}
)
LIMITED = Canned(
    429,
    {"code": "too many requests", "message": "write limit exceeded"},
    {"Retry-After": "7"},
)
OVERLOADED = Canned(
    503, {"code": "unavailable", "message": "server is temporarily unavailable"},
    {"Retry-After": "30"},
)  # fmt: skip
BEYOND_RETENTION = Canned(
    422,
    {
        "code": "unprocessable entity",
        "message": "failure writing points to database: partial write: "
        "points beyond retention policy dropped=2",
    },
)
NO_ORGANISATION = Canned(400, {"code": "invalid", "message": "Please provide either orgID or org"})
EARLY_2_0 = Canned(
    500,
    {
        "code": "internal error",
        "message": "unexpected error writing points to database: partial write: "
        "points beyond retention policy dropped=1",
    },
)
WRITE_ONLY: Mapping[str, Canned] = {
    "/api/v2/query": Canned(
        404,
        {
            "code": "not found",
            "message": 'failed to initialize execute state: could not find bucket "evse"',
        },
    ),
    "/query": Canned(200, {"results": [{"statement_id": 0, "error": "database not found: evse"}]}),
    "/api/v1/export": Canned(200, "<!doctype html><html><body>InfluxDB</body></html>"),
}
"""What 2.7 replies to queries with a token that may only write; the last is its web page."""


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column that somebody stored as another type, in shards from `since_ms` on."""

    column: str
    measurement: str = "evse"
    since_ms: int = 0

    def conflicts_in(self, line: bytes) -> bool:
        split = split_line(line)
        return (
            self.column in split.columns
            and split.measurement == self.measurement
            and int(split.stamp) >= self.since_ms
        )

    def reason(self, version: Version) -> str:
        if version is Version.V3:
            return (
                f"invalid column type for column '{self.column}', expected iox::column_type"
                "::field::string, got iox::column_type::field::float"
            )
        return (
            f'field type conflict: input field "{self.column}" on measurement '
            f'"{self.measurement}" is type float, already exists as type string'
        )


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One write request as it came."""

    query: dict[str, str]
    authorization: str | None
    encoding: str | None
    lines: list[bytes]


class InfluxStandin:
    """Takes writes on a loopback port for as long as the block; keeps what it stored.

    `answers` are given first, one a request. Then a line is bad if it contains `bad`, or
    `conflict` for a field type conflict; `most_lines` bounds a body. `queries` are the replies
    to reads by path; others get 404. `typed` columns are refused as the version does it.
    """

    def __init__(
        self, version: Version = Version.V2, *, most_lines: int = 1_000_000,
        queries: Mapping[str, Canned] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.answers: deque[Answer] = deque()
        self.queries = queries
        self.typed: list[TypedColumn] = []
        self.queried: list[str] = []
        self.stored: list[bytes] = []
        self.requests: list[ReceivedRequest] = []
        self.version = version
        self.most_lines = most_lines
        self._let_go = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/api/v2/write", self._write)
        app.router.add_route("*", "/{path:.*}", self._query)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._let_go.set()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _write(self, request: web.Request) -> web.StreamResponse:
        lines = await _lines(request)
        self.requests.append(
            ReceivedRequest(
                dict(request.query), request.headers.get("Authorization"),
                request.headers.get("Content-Encoding"), lines,
            )
        )  # fmt: skip
        match self.answers.popleft() if self.answers else None:
            case Canned() as canned:
                return _response(canned)
            case Silence():
                await self._let_go.wait()
            case Reset():
                assert request.transport is not None
                request.transport.abort()
            case None:
                return _response(self._judge(lines))
        return web.Response(status=500)

    async def _query(self, request: web.Request) -> web.Response:
        self.queried.append(request.path)
        return _response(self.queries.get(request.path, Canned(404, "")))

    def _judge(self, lines: Sequence[bytes]) -> Canned:
        if len(lines) > self.most_lines:
            return TOO_LARGE
        if self.typed:
            return self._judge_types(lines)
        return _WAYS[self.version](lines, self.stored)

    def _judge_types(self, lines: Sequence[bytes]) -> Canned:
        """Like the three versions: the good lines are stored, and one reason is given, or all."""
        found = {line: hit for line in lines if (hit := self._conflict(line))}
        self.stored.extend(line for line in lines if line not in found)
        if not found:
            return STORED
        first = next(iter(found.values())).reason(self.version)
        text = f"partial write: {first} dropped={len(found)}"
        match self.version:
            case Version.V1:
                return Canned(400, {"error": text})
            case Version.V2:
                message = f"failure writing points to database: {text}"
                return Canned(422, {"code": "unprocessable entity", "message": message})
            case Version.V3:
                data = [
                    {
                        "original_line": line.decode(), "line_number": number,
                        "error_message": found[line].reason(self.version),
                    }
                    for number, line in enumerate(lines, 1)
                    if line in found
                ]  # fmt: skip
                error = "partial write of line protocol occurred"
                return Canned(400, {"error": error, "data": data[:MOST_LISTED]})

    def _conflict(self, line: bytes) -> TypedColumn | None:
        return next((each for each in self.typed if each.conflicts_in(line)), None)


async def _lines(request: web.Request) -> list[bytes]:
    body = await request.read()
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    return body.split(b"\n")


def _response(canned: Canned) -> web.Response:
    if canned.status == 204:
        return web.Response(status=204)
    return web.Response(
        status=canned.status, text=canned.text(), headers=dict(canned.headers),
        content_type="application/json",
    )  # fmt: skip


STORED = Canned(204)
CONFLICT = (
    'partial write: field type conflict: input field "x" on measurement "evse" '
    "is type float, already exists as type integer dropped={}"
)


def _v1(lines: Sequence[bytes], stored: list[bytes]) -> Canned:
    """Stores the good lines; a type conflict hides that others could not be parsed."""
    bad, conflicts = _having(lines, b"bad"), _having(lines, b"conflict")
    stored.extend(line for line in lines if line not in bad + conflicts)
    if conflicts:
        return Canned(400, {"error": CONFLICT.format(len(conflicts))})
    if bad:
        return Canned(400, {"error": f"partial write: {_unparsed(bad)} dropped=0"})
    return STORED


def _v2(lines: Sequence[bytes], stored: list[bytes]) -> Canned:
    """One line that cannot be parsed, and nothing is stored; conflicts are dropped alone."""
    bad, conflicts = _having(lines, b"bad"), _having(lines, b"conflict")
    if bad:
        return Canned(400, {"code": "invalid", "message": _unparsed(bad)})
    stored.extend(line for line in lines if line not in conflicts)
    if not conflicts:
        return STORED
    text = f"failure writing points to database: {CONFLICT.format(len(conflicts))}"
    return Canned(422, {"code": "unprocessable entity", "message": text})


def _v3(lines: Sequence[bytes], stored: list[bytes]) -> Canned:
    """Stores the good lines and lists all others."""
    bad = _having(lines, b"bad") + _having(lines, b"conflict")
    stored.extend(line for line in lines if line not in bad)
    entries = [
        {
            "original_line": line.decode(),
            "line_number": number,
            "error_message": "invalid column type for column 'x', expected iox::column_type"
            "::field::integer, got iox::column_type::field::float",
        }
        for number, line in enumerate(lines, 1)
        if line in bad
    ]
    if not entries:
        return STORED
    return Canned(400, {"error": "partial write of line protocol occurred", "data": entries})


_WAYS: Mapping[Version, Callable[[Sequence[bytes], list[bytes]], Canned]] = {
    Version.V1: _v1,
    Version.V2: _v2,
    Version.V3: _v3,
}


def _having(lines: Sequence[bytes], word: bytes) -> list[bytes]:
    return [line for line in lines if word in line]


def _unparsed(lines: Sequence[bytes]) -> str:
    return "\n".join(f"unable to parse '{line.decode()}': missing fields" for line in lines)
