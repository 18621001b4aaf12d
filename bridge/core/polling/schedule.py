"""Which charger to poll next over HTTP: a gap between requests to each, fair shares for all.

Only decides: the caller sends the requests and reports their outcomes. Each call is O(log n).
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.lanes import Lane, Lanes
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.timer import Mode, PollConfig, PollTimer

__all__ = ["Mode", "PollConfig", "PollRequest", "PollSchedule"]

# The fractions of its multiples fill an interval evenly, however many there are.
_GOLDEN = 0.6180339887498949
_USUAL_SECONDS, _WEIGHT = 0.3, 0.02
_FULL = 0.9


@dataclass(frozen=True, slots=True)
class PollRequest:
    """One request to send now."""

    charger: ChargerId
    page: Page
    lane: Lane
    began: float


class PollSchedule:
    """`random` gives numbers from 0 to 1; `now` is always steady seconds, never falling."""

    def __init__(self, config: PollConfig, *, random: Callable[[], float]) -> None:
        self._config = config
        self._random = random
        self._share = random()
        self._timers: dict[ChargerId, PollTimer] = {}
        self._in_flight: dict[ChargerId, PollRequest] = {}
        self._denied: set[ChargerId] = set()
        self._lanes = Lanes(config.concurrency)
        self._regular = dict.fromkeys(Mode, 0)
        self._seconds = _USUAL_SECONDS

    def __len__(self) -> int:
        return len(self._timers)

    def set_mode(self, charger: ChargerId, mode: Mode, now: Steady) -> None:
        """Poll this charger in this mode from now on; its current mode changes nothing."""
        timer = self._timers.get(charger)
        if timer is None:
            timer = self._timers[charger] = PollTimer(self._config, since=now)
        elif timer.mode is mode:
            return
        self._count(timer, -1)
        timer.enter(mode, now, self._next_share())
        self._count(timer, 1)
        self._enqueue(charger, timer)

    def poll_soon(self, charger: ChargerId, now: Steady) -> None:
        """Poll /status once in 15 to 20 s; no change while such a poll is waiting."""
        timer = self._timers.get(charger)
        if timer is None or timer.mode is Mode.OFF or timer.soon < float("inf"):
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

    def address_changed(self, charger: ChargerId, now: Steady) -> None:
        """It has another address: forget how the old one behaved."""
        timer = self._timers.get(charger)
        if timer is not None:
            self._denied.discard(charger)
            timer.since, timer.denied = now, False
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
        timer = self._timers.pop(charger, None)
        if timer is not None:
            self._count(timer, -1)
        self._denied.discard(charger)
        self._lanes.remove(charger)

    def due(self, now: Steady) -> list[PollRequest]:
        """The requests to send now; each must end with a call of `done`."""
        requests = []
        for charger, lane in self._lanes.due(now):
            timer = self._timers[charger]
            request = PollRequest(charger, timer.page(now), lane, now)
            if request.page is Page.STATUS:
                timer.advance(now, self.stretch, self._random())
            self._in_flight[charger] = request
            requests.append(request)
        return requests

    def done(self, request: PollRequest, outcome: PollOutcome, now: Steady) -> None:
        """A request ended."""
        if self._in_flight.get(request.charger) is not request:
            return
        del self._in_flight[request.charger]
        self._lanes.release(request.lane)
        if request.lane is Lane.PROVEN:
            self._seconds += _WEIGHT * (max(0.0, now - request.began) - self._seconds)
        timer = self._timers.get(request.charger)
        if timer is None:
            return
        if request.began < timer.since:
            timer.ended = now
            self._enqueue(request.charger, timer)
            return
        self._count(timer, -1)
        timer.end(request.page, outcome, now, self._random())
        self._count(timer, 1)
        denied = timer.denied or outcome is PollOutcome.FORBIDDEN
        (self._denied.add if denied else self._denied.discard)(request.charger)
        self._enqueue(request.charger, timer)

    def next_due(self) -> float | None:
        """When to call `due` again; None: after the next `done` or other change."""
        return self._lanes.next_due()

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have not ended."""
        return len(self._in_flight)

    @property
    def stretch(self) -> float:
        """The factor by which periods are longer than configured, at least 1: the slots that
        chargers which answer need, by the slots that dark hosts leave them."""
        per_second = sum(
            self._regular[mode] / self._config.period(mode) for mode in (Mode.ENRICH, Mode.FALLBACK)
        )
        slots = max(1, self._config.concurrency - self._lanes.most[Lane.DARK])
        return max(1.0, per_second * self._seconds / (_FULL * slots))

    def period(self, charger: ChargerId) -> float | None:
        """Seconds between its regular polls now; None while it is not polled."""
        timer = self._timers.get(charger)
        if timer is None or timer.mode is Mode.OFF:
            return None
        return self._config.period(timer.mode) * self.stretch

    def _count(self, timer: PollTimer, step: int) -> None:
        if timer.proven:
            self._regular[timer.mode] += step

    def _next_share(self) -> float:
        self._share = (self._share + _GOLDEN) % 1.0
        return self._share

    def _enqueue(self, charger: ChargerId, timer: PollTimer) -> None:
        if charger in self._in_flight:
            return
        due = timer.next()
        if due == float("inf"):
            self._lanes.remove(charger)
        else:
            self._lanes.enqueue(charger, timer.lane, due)
