"""Which charger to poll next over HTTP: a gap between requests to each web server, fair shares.

Only decides: the caller sends the requests and reports their outcomes. Each call is O(log n).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.demand import PollDemand
from bridge.core.polling.lanes import Lane, Lanes
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.request_gate import WebServer
from bridge.core.polling.server_queues import ServerQueues
from bridge.core.polling.timer import Mode, PollConfig, PollTimer

__all__ = ["Mode", "PollConfig", "PollRequest", "PollSchedule"]

# The fractions of its multiples fill an interval evenly, however many there are.
_GOLDEN = 0.6180339887498949
_NEVER = float("inf")
MOST_AT_ONCE = 500
"""Chargers that one call of `due` looks at."""


@dataclass(frozen=True, slots=True)
class PollRequest:
    """One request to send now."""

    charger: ChargerId
    page: Page
    lane: Lane
    began: float
    server: WebServer | None = None


class PollSchedule:
    """`random` gives numbers from 0 to 1; `now` is always steady seconds, never falling."""

    def __init__(
        self, config: PollConfig, *, queues: ServerQueues, random: Callable[[], float]
    ) -> None:
        self._config = config
        self._random = random
        self._share = random()
        self._timers: dict[ChargerId, PollTimer] = {}
        self._in_flight: dict[ChargerId, PollRequest] = {}
        self._denied: set[ChargerId] = set()
        self._lanes = Lanes(config.concurrency)
        self._queues = queues
        self._demand = PollDemand(config, self._lanes)

    def __len__(self) -> int:
        return len(self._timers)

    def set_mode(self, charger: ChargerId, mode: Mode, now: Steady) -> None:
        """Poll this charger in this mode from now on; its current mode changes nothing."""
        timer = self._timers.get(charger)
        if timer is None:
            timer = self._timers[charger] = PollTimer(self._config, since=now)
        elif timer.mode is mode:
            return
        self._demand.count(timer, -1)
        timer.enter(mode, now, self._next_share())
        self._demand.count(timer, 1)
        self._enqueue(charger, timer)

    def poll_soon(self, charger: ChargerId, now: Steady) -> None:
        """Poll /status once in 15 to 20 s; no change while such a poll is waiting."""
        timer = self._timers.get(charger)
        if timer is None or timer.mode is Mode.OFF or timer.soon < _NEVER:
            return
        timer.soon = now + self._config.soon + self._config.soon_within * self._random()
        timer.retry_now()
        self._enqueue(charger, timer)

    def request_page(self, charger: ChargerId, page: Page) -> None:
        """Request another page once, as soon as the charger answers."""
        timer = self._timers.get(charger)
        if timer is not None and page is not Page.STATUS:
            timer.pages[page] = 0
            self._enqueue(charger, timer)

    def address_changed(
        self, charger: ChargerId, now: Steady, server: WebServer | None = None
    ) -> None:
        """It has another address: forget what the old one answered."""
        self._wake(self._queues.move(charger, server))
        timer = self._timers.get(charger)
        if timer is not None:
            self._denied.discard(charger)
            self._demand.count(timer, -1)
            timer.since, timer.denied, timer.proven = now, False, False
            self.poll_soon(charger, now)
            timer.retry_now()
            self._enqueue(charger, timer)

    def credentials_changed(self, now: Steady) -> None:
        """Poll again, spread over `first_within`, the chargers that refused the old ones or
        were in no allowed network."""
        for charger in self._denied & self._timers.keys():
            timer = self._timers[charger]
            timer.denied = False
            timer.retry_now()
            timer.soon = now + self._config.first_within * self._next_share()
            self._enqueue(charger, timer)
        self._denied.clear()

    def remove(self, charger: ChargerId) -> None:
        """Forget a charger; a request in flight still has to end."""
        self._wake(self._queues.move(charger, None))
        timer = self._timers.pop(charger, None)
        if timer is not None:
            self._demand.count(timer, -1)
        self._denied.discard(charger)
        self._lanes.remove(charger)

    def due(self, now: Steady) -> list[PollRequest]:
        """The requests to send now; each must end with a call of `done`."""
        due = islice(self._lanes.due(now), MOST_AT_ONCE)
        return [self._begin(each, lane, now) for each, lane in due if self._admit(each, lane, now)]

    def done(
        self, request: PollRequest, outcome: PollOutcome, now: Steady,
        found: WebServer | None = None,
    ) -> None:  # fmt: skip
        """A request ended; `found` is the web server to which its host name led."""
        charger = request.charger
        if self._in_flight.get(charger) is not request:
            return
        self._release(request, outcome, now)
        timer = self._timers.get(charger)
        if timer is None:
            return
        if request.began < timer.since:
            timer.ended = now
        else:
            if found not in {None, self._queues.server(charger)}:
                self._wake(self._queues.move(charger, found))
            self._end(timer, request, outcome, now)
        self._enqueue(charger, timer)

    def next_due(self) -> float | None:
        """When to call `due` again; None: after the next `done` or other change."""
        return self._lanes.next_due()

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have not ended."""
        return len(self._in_flight)

    @property
    def stretch(self) -> float:
        """The factor by which the periods of chargers that answer quickly are longer than
        configured, at least 1."""
        return self._demand.stretch()

    def period(self, charger: ChargerId) -> float | None:
        """Seconds between its regular polls now; None while it is not polled."""
        timer = self._timers.get(charger)
        if timer is None or timer.mode is Mode.OFF:
            return None
        return self._config.period(timer.mode) * self._demand.stretch(timer.lane)

    def _admit(self, charger: ChargerId, lane: Lane, now: Steady) -> bool:
        """Whether it is the due charger's turn at its web server; if not, its slot is free."""
        admitted = self._queues.admit(charger, now)
        if admitted <= now:
            return True
        self._lanes.release(lane)
        if admitted < _NEVER:
            self._lanes.enqueue(charger, self._timers[charger].lane, admitted)
        return False

    def _begin(self, charger: ChargerId, lane: Lane, now: Steady) -> PollRequest:
        timer, server = self._timers[charger], self._queues.server(charger)
        request = PollRequest(charger, timer.page(now), lane, now, server)
        if request.page is Page.STATUS:
            timer.advance(now, self._demand.stretch(lane), self._random())
        self._in_flight[charger] = request
        return request

    def _release(self, request: PollRequest, outcome: PollOutcome, now: Steady) -> None:
        """Free what a request held."""
        del self._in_flight[request.charger]
        self._lanes.release(request.lane)
        self._demand.observe(request.lane, now - request.began)
        if request.server is not None:
            self._wake(self._queues.ended(request.server, now, used=outcome.sent))

    def _end(
        self, timer: PollTimer, request: PollRequest, outcome: PollOutcome, now: Steady
    ) -> None:
        if outcome is PollOutcome.BUSY:
            timer.ended = timer.soon = now
            return
        self._demand.count(timer, -1)
        timer.observe(request.lane, outcome, now - request.began)
        timer.end(request.page, outcome, now, self._random())
        self._demand.count(timer, 1)
        denied = timer.denied or outcome in {PollOutcome.FORBIDDEN, PollOutcome.UNTRUSTED}
        (self._denied.add if denied else self._denied.discard)(request.charger)

    def _next_share(self) -> float:
        self._share = (self._share + _GOLDEN) % 1.0
        return self._share

    def _enqueue(self, charger: ChargerId, timer: PollTimer) -> None:
        if charger in self._in_flight:
            return
        self._wake(self._queues.withdraw(charger))
        due = timer.next()
        if due == _NEVER:
            self._lanes.remove(charger)
        else:
            self._lanes.enqueue(charger, timer.lane, due)

    def _wake(self, charger: ChargerId | None) -> None:
        """Its turn at its web server is next."""
        if charger is not None:
            self._lanes.enqueue(charger, self._timers[charger].lane, 0.0)
