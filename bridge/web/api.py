"""The read-only JSON API: chargers, events, sessions."""

import json
import re
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from aiohttp import web

from bridge.core.clock import Moment
from bridge.core.model import ChargerId, Event, Session
from bridge.core.telemetry.telemetry import Telemetry
from bridge.runtime.yielding import Yielding
from bridge.web.view import charger_view, rfc3339

T = TypeVar("T")
MOST = 1000
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
    """Answers under /api/v1; every list has `data` and `next`."""

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
        """Sorted by id; `since` keeps those that spoke then or later."""
        try:
            asked = Asked(request)
        except ValueError as error:
            return _wrong(400, str(error))
        ids = sorted(self._telemetries)
        start = bisect_right(ids, ChargerId(request.query.get("cursor", "")))
        found = [
            self._telemetries[each]
            for each in ids[start:]
            if (asked.charger is None or each == asked.charger)
            and (
                asked.since_ms is None
                or self._telemetries[each].charger.last_seen_unix * 1000 >= asked.since_ms
            )
        ][: asked.limit + 1]
        page = found[: asked.limit]
        after = page[-1].charger.id if len(found) > asked.limit else None
        return await self._page(page, after)

    async def _page(self, page: Sequence[Telemetry], after: str | None) -> web.Response:
        """Written charger by charger, each as it is when its turn comes."""
        now, pause, shown = self._clock(), Yielding(), list[str]()
        for telemetry in page:
            shown.append(json.dumps(charger_view(telemetry, now)))
            await pause.due()
        text = f'{{"data": [{", ".join(shown)}], "next": {json.dumps(after)}}}'
        return web.Response(text=text, content_type="application/json")

    async def _charger(self, request: web.Request) -> web.Response:
        telemetry = self._telemetries.get(ChargerId(request.match_info["id"]))
        if telemetry is None:
            return _wrong(404, "no such charger")
        return web.json_response(charger_view(telemetry, self._clock()))

    async def _events(self, request: web.Request) -> web.Response:
        return await _listed(request, self._history.events, _event)

    async def _sessions(self, request: web.Request) -> web.Response:
        return await _listed(request, self._history.sessions, _session)


async def _listed(
    request: web.Request, fetch: Callable[..., Awaitable[tuple[Sequence[T], int | None]]],
    view: Callable[[T], Mapping[str, object]],
) -> web.Response:  # fmt: skip
    """A page of the history, and the cursor of the next one."""
    try:
        asked = Asked(request)
    except ValueError as error:
        return _wrong(400, str(error))
    rows, after = await fetch(
        since_ms=asked.since_ms, limit=asked.limit, charger=asked.charger, before=asked.cursor
    )
    return web.json_response({"data": [view(row) for row in rows], "next": after})


def _event(event: Event) -> Mapping[str, object]:
    return {
        "time": rfc3339(event.unix), "charger": event.charger, "kind": event.kind,
        "code": event.code, "text": event.text,
    }  # fmt: skip


def _session(session: Session) -> Mapping[str, object]:
    return {
        "charger": session.charger, "start": rfc3339(session.start), "end": rfc3339(session.end),
        "charging_s": session.charging_s, "plugged_s": session.plugged_s,
        "energy_wh": session.energy_wh, "peak_a": session.peak_a, "peak_w": session.peak_w,
    }  # fmt: skip


class Asked:
    """The query of a list: `since`, `limit`, `charger`, `cursor`; ValueError where wrong."""

    def __init__(self, request: web.Request) -> None:
        query = request.query
        self.charger = query.get("charger")
        self.since_ms = _since(query["since"]) if "since" in query else None
        self.limit = _whole("limit", query.get("limit", "100"), 1, MOST)
        lists_ids = request.path.endswith("/chargers")
        self.cursor = (
            _whole("cursor", query["cursor"], 0, 2**62)
            if "cursor" in query and not lists_ids
            else None
        )


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise ValueError(f"{name} is a whole number from {low} to {high}")
    return int(text)


def _since(text: str) -> int:
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
        raise ValueError("since is a time (2026-03-10T12:00:00Z) or an age (24h)") from None


def _wrong(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)
