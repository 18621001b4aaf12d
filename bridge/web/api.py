"""The read-only JSON API: chargers, events, sessions."""

import json
import re
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from aiohttp import web

from bridge.core.clock import Moment, rfc3339
from bridge.core.model import ChargerId, Event, Session
from bridge.core.telemetry.telemetry import Telemetry
from bridge.runtime.yielding import Yielding
from bridge.web.view import charger_view

T = TypeVar("T")
MAX_LIMIT = 1000
_AGE = re.compile(r"[0-9]{1,9}[smhd]")
_WHOLE = re.compile(r"[0-9]{1,19}")
_UNIX = re.compile(r"[0-9]{1,11}")


class History(Protocol):
    """Events and sessions, newest first, each with its cursor."""

    async def events(
        self, *, since_ms: int | None, limit: int, charger: str | None, before: int | None
    ) -> tuple[Sequence[Event], int | None]:
        """A page of events, and the cursor of the next one."""

    async def sessions(
        self, *, since_ms: int | None, limit: int, charger: str | None, before: int | None
    ) -> tuple[Sequence[Session], int | None]:
        """A page of sessions, and the cursor of the next one."""


class Api:
    """The endpoints below /api/v1; every list has `data` and `next`."""

    def __init__(
        self,
        *,
        telemetries: Mapping[ChargerId, Telemetry],
        history: History,
        clock: Callable[[], Moment],
    ) -> None:
        self._telemetries = telemetries
        self._history = history
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/chargers", self._chargers),
            web.get("/api/v1/chargers/{id}", self._charger),
            web.get("/api/v1/events", self._events),
            web.get("/api/v1/sessions", self._sessions),
        ]

    async def _chargers(self, request: web.Request) -> web.Response:
        """Sorted by id; `since` selects those that sent something then or later."""
        try:
            query = ListQuery(request)
        except ValueError as error:
            return _error(400, str(error))
        ids = sorted(self._telemetries)
        start = bisect_right(ids, ChargerId(request.query.get("cursor", "")))
        matching = [
            self._telemetries[each]
            for each in ids[start:]
            if (query.charger is None or each == query.charger)
            and (
                query.since_ms is None
                or self._telemetries[each].charger.last_seen_unix * 1000 >= query.since_ms
            )
        ][: query.limit + 1]
        page = matching[: query.limit]
        next_cursor = page[-1].charger.id if len(matching) > query.limit else None
        return await self._page(page, next_cursor)

    async def _page(self, page: Sequence[Telemetry], next_cursor: str | None) -> web.Response:
        """Rendered charger by charger, yielding to the event loop in between."""
        now, pause, items = self._clock(), Yielding(), list[str]()
        for telemetry in page:
            items.append(json.dumps(charger_view(telemetry, now)))
            await pause.due()
        text = f'{{"data": [{", ".join(items)}], "next": {json.dumps(next_cursor)}}}'
        return web.Response(text=text, content_type="application/json")

    async def _charger(self, request: web.Request) -> web.Response:
        telemetry = self._telemetries.get(ChargerId(request.match_info["id"]))
        if telemetry is None:
            return _error(404, "no such charger")
        return web.json_response(charger_view(telemetry, self._clock()))

    async def _events(self, request: web.Request) -> web.Response:
        return await _list_response(request, self._history.events, event_view)

    async def _sessions(self, request: web.Request) -> web.Response:
        return await _list_response(request, self._history.sessions, session_view)


async def _list_response(
    request: web.Request, fetch: Callable[..., Awaitable[tuple[Sequence[T], int | None]]],
    item_view: Callable[[T], Mapping[str, object]],
) -> web.Response:  # fmt: skip
    """A page of the history, and the cursor of the next one."""
    try:
        query = ListQuery(request)
    except ValueError as error:
        return _error(400, str(error))
    rows, next_cursor = await fetch(
        since_ms=query.since_ms, limit=query.limit, charger=query.charger, before=query.cursor
    )
    return web.json_response({"data": [item_view(row) for row in rows], "next": next_cursor})


def event_view(event: Event) -> Mapping[str, object]:
    return {
        "time": rfc3339(event.unix), "charger": event.charger, "kind": event.kind,
        "code": event.code, "text": event.text,
    }  # fmt: skip


def session_view(session: Session) -> Mapping[str, object]:
    return {
        "charger": session.charger, "start": rfc3339(session.start), "end": rfc3339(session.end),
        "charging_s": session.charging_s, "plugged_s": session.plugged_s,
        "energy_wh": session.energy_wh, "peak_a": session.peak_a, "peak_w": session.peak_w,
        "doubtful": session.doubtful,
    }  # fmt: skip


class ListQuery:
    """The query parameters of a list; raises ValueError for an invalid one."""

    def __init__(self, request: web.Request) -> None:
        query = request.query
        self.charger = query.get("charger")
        self.since_ms = _parse_since(query["since"]) if "since" in query else None
        self.limit = _parse_integer("limit", query.get("limit", "100"), 1, MAX_LIMIT)
        lists_ids = request.path.endswith("/chargers")
        self.cursor = (
            _parse_integer("cursor", query["cursor"], 0, 2**62)
            if "cursor" in query and not lists_ids
            else None
        )


def _parse_integer(name: str, text: str, low: int, high: int) -> int:
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise ValueError(f"{name} must be an integer from {low} to {high}")
    return int(text)


def _parse_since(text: str) -> int:
    """RFC 3339, Unix seconds, or an age such as 24h."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    try:
        if _AGE.fullmatch(text):
            return int((time.time() - int(text[:-1]) * units[text[-1]]) * 1000)
        if _UNIX.fullmatch(text):
            return int(text) * 1000
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValueError("since must be a time (2026-03-10T12:00:00Z) or an age (24h)") from None


def _error(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)
