"""Whom to ask next over HTTP: manners towards each charger, fairness among all of them.

Decides only; the caller asks, and says how it went. Each call costs O(log n).
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.model import ChargerId
from bridge.core.polling.lanes import Lane, Lanes
from bridge.core.polling.outcome import Outcome, Page
from bridge.core.polling.turn import Mode, Pace, Turn

__all__ = ["Ask", "Mode", "Pace", "PollPlan"]

# Multiples of it, cut to their fractions, fill an interval evenly however many they are.
_GOLDEN = 0.6180339887498949
_USUAL_SECONDS, _WEIGHT = 0.3, 0.02
_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that is to go out now."""

    charger: ChargerId
    page: Page
    lane: Lane
    began: float


class PollPlan:
    """`random` gives numbers from 0 to 1; `now` is always steady seconds, never falling."""

    def __init__(self, pace: Pace, *, random: Callable[[], float]) -> None:
        self._pace = pace
        self._random = random
        self._share = random()
        self._turns: dict[ChargerId, Turn] = {}
        self._flying: dict[ChargerId, Ask] = {}
        self._denied: set[ChargerId] = set()
        self._lanes = Lanes(pace.concurrency)
        self._regular = dict.fromkeys(Mode, 0)
        self._seconds = _USUAL_SECONDS

    def __len__(self) -> int:
        return len(self._turns)

    def mode(self, charger: ChargerId, mode: Mode, now: float) -> None:
        """Ask this charger so from now on; the mode it is in already changes nothing."""
        turn = self._turns.get(charger)
        if turn is None:
            turn = self._turns[charger] = Turn(self._pace, since=now)
        elif turn.mode is mode:
            return
        self._count(turn, -1)
        turn.enter(mode, now, self._next_share())
        self._count(turn, 1)
        self._line_up(charger, turn)

    def soon(self, charger: ChargerId, now: float) -> None:
        """One /status in 15 to 20 s; a wish while one waits changes nothing."""
        turn = self._turns.get(charger)
        if turn is None or turn.mode is Mode.OFF or turn.soon < float("inf"):
            return
        turn.soon = now + self._pace.soon + self._pace.soon_within * self._random()
        turn.hope()
        self._line_up(charger, turn)

    def want(self, charger: ChargerId, page: Page) -> None:
        """Ask once for another page, as soon as the charger answers."""
        turn = self._turns.get(charger)
        if turn is not None and page is not Page.STATUS:
            turn.errands[page] = 0
            self._line_up(charger, turn)

    def moved(self, charger: ChargerId, now: float) -> None:
        """It has another address: what the old one did tells nothing."""
        turn = self._turns.get(charger)
        if turn is not None:
            self._denied.discard(charger)
            turn.since, turn.denied = now, False
            self.soon(charger, now)
            turn.hope()
            self._line_up(charger, turn)

    def credentials_changed(self, now: float) -> None:
        """Those that refused the old ones, or were in no network that was allowed, are asked
        again, spread over `first_within`."""
        for charger in self._denied & self._turns.keys():
            turn = self._turns[charger]
            turn.denied = False
            turn.hope()
            turn.soon = now + self._pace.first_within * self._next_share()
            self._line_up(charger, turn)
        self._denied.clear()

    def remove(self, charger: ChargerId) -> None:
        """Forget it; a request in flight still has to end."""
        turn = self._turns.pop(charger, None)
        if turn is not None:
            self._count(turn, -1)
        self._denied.discard(charger)
        self._lanes.drop(charger)

    def take(self, now: float) -> list[Ask]:
        """The requests to start now; each must be told `done` in the end."""
        asks = []
        for charger, lane in self._lanes.take(now):
            turn = self._turns[charger]
            ask = Ask(charger, turn.page(now), lane, now)
            if ask.page is Page.STATUS:
                turn.advance(now, self.stretch, self._random())
            self._flying[charger] = ask
            asks.append(ask)
        return asks

    def done(self, ask: Ask, outcome: Outcome, now: float) -> None:
        """A request ended."""
        if self._flying.get(ask.charger) is not ask:
            return
        del self._flying[ask.charger]
        self._lanes.free(ask.lane)
        if ask.lane is Lane.PROVEN:
            self._seconds += _WEIGHT * (max(0.0, now - ask.began) - self._seconds)
        turn = self._turns.get(ask.charger)
        if turn is None:
            return
        if ask.began < turn.since:
            turn.ended = now
            self._line_up(ask.charger, turn)
            return
        self._count(turn, -1)
        turn.end(ask.page, outcome, now, self._random())
        self._count(turn, 1)
        denied = turn.denied or outcome is Outcome.FORBIDDEN
        (self._denied.add if denied else self._denied.discard)(ask.charger)
        self._line_up(ask.charger, turn)

    def next_due(self) -> float | None:
        """When to call `take` again; None: after the next `done`, or change."""
        return self._lanes.next_due()

    @property
    def in_flight(self) -> int:
        """Requests that were taken and not done."""
        return len(self._flying)

    @property
    def stretch(self) -> float:
        """By how much periods are longer than asked for, at least 1: what those who answer
        would need of the slots that dark hosts leave them."""
        asked = sum(
            self._regular[mode] / self._pace.period(mode) for mode in (Mode.ENRICH, Mode.FALLBACK)
        )
        slots = max(1, self._pace.concurrency - self._lanes.most[Lane.DARK])
        return max(1.0, asked * self._seconds / (_FULL * slots))

    def _count(self, turn: Turn, step: int) -> None:
        if turn.proven:
            self._regular[turn.mode] += step

    def _next_share(self) -> float:
        self._share = (self._share + _GOLDEN) % 1.0
        return self._share

    def _line_up(self, charger: ChargerId, turn: Turn) -> None:
        if charger in self._flying:
            return
        due = turn.next()
        if due == float("inf"):
            self._lanes.drop(charger)
        else:
            self._lanes.put(charger, turn.lane, due)
