"""Whom to ask next over HTTP: manners towards each charger, fairness among all of them.

Decides only; the caller asks, and says how it went. Each call costs O(log n).
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.lanes import Lane, Lanes
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.timer import Mode, PollConfig, PollTimer

__all__ = ["Mode", "PollConfig", "PollRequest", "PollSchedule"]

# Multiples of it, cut to their fractions, fill an interval evenly however many they are.
_GOLDEN = 0.6180339887498949
_USUAL_SECONDS, _WEIGHT = 0.3, 0.02
_FULL = 0.9


@dataclass(frozen=True, slots=True)
class PollRequest:
    """One request that is to go out now."""

    charger: ChargerId
    page: Page
    lane: Lane
    began: float


class PollSchedule:
    """`random` gives numbers from 0 to 1; `now` is always steady seconds, never falling."""

    def __init__(self, pace: PollConfig, *, random: Callable[[], float]) -> None:
        self._config = pace
        self._random = random
        self._share = random()
        self._timers: dict[ChargerId, PollTimer] = {}
        self._in_flight: dict[ChargerId, PollRequest] = {}
        self._denied: set[ChargerId] = set()
        self._lanes = Lanes(pace.concurrency)
        self._regular = dict.fromkeys(Mode, 0)
        self._seconds = _USUAL_SECONDS

    def __len__(self) -> int:
        return len(self._timers)

    def set_mode(self, charger: ChargerId, mode: Mode, now: Steady) -> None:
        """Ask this charger so from now on; the mode it is in already changes nothing."""
        turn = self._timers.get(charger)
        if turn is None:
            turn = self._timers[charger] = PollTimer(self._config, since=now)
        elif turn.mode is mode:
            return
        self._count(turn, -1)
        turn.enter(mode, now, self._next_share())
        self._count(turn, 1)
        self._enqueue(charger, turn)

    def poll_soon(self, charger: ChargerId, now: Steady) -> None:
        """One /status in 15 to 20 s; a wish while one waits changes nothing."""
        turn = self._timers.get(charger)
        if turn is None or turn.mode is Mode.OFF or turn.soon < float("inf"):
            return
        turn.soon = now + self._config.soon + self._config.soon_within * self._random()
        turn.retry_now()
        self._enqueue(charger, turn)

    def request_page(self, charger: ChargerId, page: Page) -> None:
        """Ask once for another page, as soon as the charger answers."""
        turn = self._timers.get(charger)
        if turn is not None and page is not Page.STATUS:
            turn.pages[page] = 0
            self._enqueue(charger, turn)

    def address_changed(self, charger: ChargerId, now: Steady) -> None:
        """It has another address: what the old one did tells nothing."""
        turn = self._timers.get(charger)
        if turn is not None:
            self._denied.discard(charger)
            turn.since, turn.denied = now, False
            self.poll_soon(charger, now)
            turn.retry_now()
            self._enqueue(charger, turn)

    def credentials_changed(self, now: Steady) -> None:
        """Those that refused the old ones, or were in no network that was allowed, are asked
        again, spread over `first_within`."""
        for charger in self._denied & self._timers.keys():
            turn = self._timers[charger]
            turn.denied = False
            turn.retry_now()
            turn.soon = now + self._config.first_within * self._next_share()
            self._enqueue(charger, turn)
        self._denied.clear()

    def remove(self, charger: ChargerId) -> None:
        """Forget it; a request in flight still has to end."""
        turn = self._timers.pop(charger, None)
        if turn is not None:
            self._count(turn, -1)
        self._denied.discard(charger)
        self._lanes.remove(charger)

    def due(self, now: Steady) -> list[PollRequest]:
        """The requests to start now; each must be told `done` in the end."""
        asks = []
        for charger, lane in self._lanes.due(now):
            turn = self._timers[charger]
            ask = PollRequest(charger, turn.page(now), lane, now)
            if ask.page is Page.STATUS:
                turn.advance(now, self.stretch, self._random())
            self._in_flight[charger] = ask
            asks.append(ask)
        return asks

    def done(self, ask: PollRequest, outcome: PollOutcome, now: Steady) -> None:
        """A request ended."""
        if self._in_flight.get(ask.charger) is not ask:
            return
        del self._in_flight[ask.charger]
        self._lanes.release(ask.lane)
        if ask.lane is Lane.PROVEN:
            self._seconds += _WEIGHT * (max(0.0, now - ask.began) - self._seconds)
        turn = self._timers.get(ask.charger)
        if turn is None:
            return
        if ask.began < turn.since:
            turn.ended = now
            self._enqueue(ask.charger, turn)
            return
        self._count(turn, -1)
        turn.end(ask.page, outcome, now, self._random())
        self._count(turn, 1)
        denied = turn.denied or outcome is PollOutcome.FORBIDDEN
        (self._denied.add if denied else self._denied.discard)(ask.charger)
        self._enqueue(ask.charger, turn)

    def next_due(self) -> float | None:
        """When to call `take` again; None: after the next `done`, or change."""
        return self._lanes.next_due()

    @property
    def in_flight(self) -> int:
        """Requests that were taken and not done."""
        return len(self._in_flight)

    @property
    def stretch(self) -> float:
        """By how much periods are longer than asked for, at least 1: what those who answer
        would need of the slots that dark hosts leave them."""
        asked = sum(
            self._regular[mode] / self._config.period(mode) for mode in (Mode.ENRICH, Mode.FALLBACK)
        )
        slots = max(1, self._config.concurrency - self._lanes.most[Lane.DARK])
        return max(1.0, asked * self._seconds / (_FULL * slots))

    def _count(self, turn: PollTimer, step: int) -> None:
        if turn.proven:
            self._regular[turn.mode] += step

    def _next_share(self) -> float:
        self._share = (self._share + _GOLDEN) % 1.0
        return self._share

    def _enqueue(self, charger: ChargerId, turn: PollTimer) -> None:
        if charger in self._in_flight:
            return
        due = turn.next()
        if due == float("inf"):
            self._lanes.remove(charger)
        else:
            self._lanes.enqueue(charger, turn.lane, due)
