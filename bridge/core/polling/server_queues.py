"""Who is polled next at a web server that several chargers announced.

The charger that first answered there goes first; the others wait, those that were heard over
MQTT before those that were never heard.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.request_gate import RequestGate, WebServer

_NEVER = float("inf")


@dataclass(slots=True)
class _Queue:
    """The chargers at one web server."""

    chargers: int = 0
    first: ChargerId | None = None
    """Who first answered there, and since when, in Unix seconds."""
    first_unix: float = _NEVER
    in_flight: bool = False
    next: ChargerId | None = None
    """Whose turn is next; it is in a lane, not waiting."""
    heard: dict[ChargerId, None] = field(default_factory=dict)
    unheard: dict[ChargerId, None] = field(default_factory=dict)
    """Those whose turn has not come, the first to wait first."""


class ServerQueues:
    """`heard`: whether a charger was heard over MQTT."""

    def __init__(self, gate: RequestGate, *, heard: Callable[[ChargerId], bool]) -> None:
        self._gate = gate
        self._heard = heard
        self._server: dict[ChargerId, WebServer] = {}
        self._queues: dict[WebServer, _Queue] = {}

    def server(self, charger: ChargerId) -> WebServer | None:
        """Where the charger is polled."""
        return self._server.get(charger)

    def first(self, charger: ChargerId) -> ChargerId | None:
        """The charger that first answered at this one's web server; it may be the same."""
        server = self._server.get(charger)
        return None if server is None else self._queues[server].first

    def move(self, charger: ChargerId, server: WebServer | None) -> ChargerId | None:
        """The charger is polled there from now on, or nowhere; returns whose turn is next at the
        other web server instead, if any."""
        instead = self.withdraw(charger)
        if (old := self._server.pop(charger, None)) is not None:
            self._leave(charger, old)
        if server is not None:
            self._server[charger] = server
            self._queues.setdefault(server, _Queue()).chargers += 1
        return instead

    def answered(self, charger: ChargerId, unix: float) -> None:
        """The charger has answered, since this time in Unix seconds."""
        server = self._server.get(charger)
        if server is not None and unix < (queue := self._queues[server]).first_unix:
            queue.first, queue.first_unix = charger, unix

    def withdraw(self, charger: ChargerId) -> ChargerId | None:
        """The charger does not wait any more; returns whose turn is next instead, if any."""
        server = self._server.get(charger)
        if server is None:
            return None
        queue = self._queues[server]
        queue.heard.pop(charger, None)
        queue.unheard.pop(charger, None)
        if queue.next != charger:
            return None
        queue.next = None
        return self._choose(queue)

    def admit(self, charger: ChargerId, now: Steady) -> float:
        """When a due charger may be polled: `now`, for which it is reserved; later; or infinite,
        for which it waits."""
        server = self._server.get(charger)
        if server is None:
            return now
        queue = self._queues[server]
        if queue.in_flight or self._is_behind(charger, queue):
            (queue.heard if self._heard(charger) else queue.unheard)[charger] = None
            return _NEVER
        if self._gate.reserve(server, charger, now):
            queue.in_flight, queue.next = True, None
            return now
        queue.next = charger
        return self._gate.retry_at(server, now)

    def ended(self, server: WebServer, now: Steady, *, used: bool) -> ChargerId | None:
        """The request of a charger that was admitted ended; returns whose turn is next, if any."""
        self._gate.release(server, now, used=used)
        queue = self._queues.get(server)
        if queue is None:
            return None
        queue.in_flight = False
        return self._choose(queue)

    def _is_behind(self, charger: ChargerId, queue: _Queue) -> bool:
        """Whether it is another charger's turn."""
        if queue.next is None or queue.next == charger:
            return False
        return self._rank(queue, charger) >= self._rank(queue, queue.next)

    def _leave(self, charger: ChargerId, server: WebServer) -> None:
        queue = self._queues[server]
        queue.chargers -= 1
        if queue.first == charger:
            queue.first, queue.first_unix = None, _NEVER
        if not queue.chargers:
            del self._queues[server]

    def _choose(self, queue: _Queue) -> ChargerId | None:
        if queue.in_flight or queue.next is not None:
            return None
        waiting = queue.heard or queue.unheard
        if queue.first in queue.unheard:
            waiting = queue.unheard
        if waiting:
            queue.next = queue.first if queue.first in waiting else next(iter(waiting))
            waiting.pop(queue.next)
        return queue.next

    def _rank(self, queue: _Queue, charger: ChargerId) -> int:
        """Lower goes first."""
        if charger == queue.first:
            return 0
        return 1 if self._heard(charger) else 2
