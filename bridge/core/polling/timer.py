"""When one charger is to be polled next, and for which page."""

from dataclasses import dataclass, field
from enum import Enum

from bridge.core.backoff import grown
from bridge.core.clock import Steady
from bridge.core.polling.lanes import Lane
from bridge.core.polling.outcome import Page, PollOutcome

MOST_TRIES = 3
QUICK_SECONDS = 2.0
"""A charger usually answers within a third of a second, with TLS within two."""
_FORGIVEN, _MOST_DISTRUST = 8, 100
_NEVER = float("inf")


class Mode(Enum):
    """Why a charger is polled."""

    OFF = "off"
    ENRICH = "enrich"
    FALLBACK = "fallback"


MOST_LATE = 100
"""Periods; with the default settings no back-off lasts so long."""


@dataclass(frozen=True, slots=True)
class PollConfig:
    """Seconds, and how many requests at once."""

    enrich_every: float = 300.0
    fallback_every: float = 30.0
    min_gap: float = 15.0
    concurrency: int = 256
    first_within: float = 20.0
    soon: float = 15.0
    soon_within: float = 5.0
    denied_every: float = 600.0
    back_off_most: float = 900.0
    jitter: float = 0.05  # of the period, to and fro together

    def period(self, mode: Mode) -> float:
        """Seconds between two regular polls in this mode."""
        return self.fallback_every if mode is Mode.FALLBACK else self.enrich_every


@dataclass(slots=True)
class PollTimer:
    """The due times of one charger; all times are steady seconds."""

    config: PollConfig
    since: float = 0.0  # since when it has its address; older requests do not count
    mode: Mode = Mode.OFF
    grid: float = _NEVER  # the regular poll, without its jitter
    due: float = _NEVER  # the regular poll
    soon: float = _NEVER
    blocked: float = 0.0  # not before this: back-off, or a refused login
    ended: float = -_NEVER
    failures: int = 0
    proven: bool = False
    distrust: int = 0
    """So many quick requests less `_FORGIVEN` are needed to be polled like a quick host again."""
    denied: bool = False
    pages: dict[Page, int] = field(default_factory=dict)

    @property
    def lane(self) -> Lane:
        """The queue it belongs to."""
        if self.proven:
            return Lane.PROVEN if self.distrust < _FORGIVEN else Lane.SLOW
        return Lane.DARK if self.failures else Lane.NEW

    def enter(self, mode: Mode, now: Steady, share: float) -> None:
        """Begin a mode; `share` from 0 to 1 is the charger's position in the interval.

        The second poll spreads the fleet over a whole period, whenever the first was.
        """
        self.mode = mode
        if mode is Mode.OFF:
            self.grid = self.due = self.soon = _NEVER
            return
        period = self.config.period(mode)
        first = min(period, self.config.first_within) if mode is Mode.FALLBACK else period
        self.due = now + share * first
        self.grid = self.due + first + share * (period - first) - period
        if mode is Mode.FALLBACK and not self.denied:
            self.blocked = 0.0

    def next(self) -> float:
        """When it is to be polled next."""
        if self.mode is Mode.OFF:
            return _NEVER
        wanted = min(self.due, self.soon)
        if self.pages and self.proven:
            wanted = min(wanted, self.ended + self.config.min_gap)
        return max(wanted, self.blocked, self.ended + self.config.min_gap)

    def page(self, now: Steady) -> Page:
        """The page to request now: the regular document first."""
        if self.pages and self.proven and min(self.due, self.soon) > now:
            return next(iter(self.pages))
        return Page.STATUS

    def advance(self, now: Steady, stretch: float, jitter: float) -> None:
        """A regular poll was sent: the next one stays on the grid, to keep the fleet spread."""
        self.soon = _NEVER
        if self.due > now:
            return
        period = self.config.period(self.mode) * stretch
        late = now - self.grid
        if late < MOST_LATE * period:
            self.grid = self.grid + period if late < period else now
        else:
            # After a suspension the whole fleet is late: it stays spread over the period.
            self.grid += period * (late // period)
        self.due = self.grid + period * self.config.jitter * jitter
        if self.due <= now:
            self.grid += period
            self.due += period

    def observe(self, lane: Lane, outcome: PollOutcome, seconds: float) -> None:
        """A request of this lane held its slot for so long.

        Who is slow again and again needs ever more quick answers: one in between would let
        many such hosts hold the slots of those that are always quick.
        """
        expected = lane in {Lane.NEW, Lane.DARK} and not outcome.answered
        if seconds <= QUICK_SECONDS:
            self.distrust = max(0, self.distrust - outcome.answered)
        elif not expected:
            self.distrust = min(_MOST_DISTRUST, 4 * self.distrust + _FORGIVEN)

    def end(self, page: Page, outcome: PollOutcome, now: Steady, jitter: float) -> None:
        """A request ended."""
        self.ended = now
        self.proven = outcome.answered
        self.denied = outcome is PollOutcome.UNAUTHORIZED
        self._settle_page(page, outcome)
        # Another page may be missing or invalid: only the regular document counts as a failure.
        failed = outcome is not PollOutcome.OK and (page is Page.STATUS or not outcome.answered)
        self.failures = self.failures + 1 if failed else self.failures if self.pages else 0
        if outcome is PollOutcome.OK:
            self.failures = 0
        self.blocked = now + self._backoff(jitter) if failed else 0.0
        if self.denied:
            self.blocked = max(self.blocked, now + self.config.denied_every)

    def retry_now(self) -> None:
        """After a sign of life: the next request is not treated as one to a dark host."""
        self.failures = 0
        if not self.denied:
            self.blocked = 0.0

    def _backoff(self, jitter: float) -> float:
        period = self.config.period(self.mode)
        most = max(period, self.config.back_off_most)
        return grown(period, most, self.failures) * (0.75 + 0.25 * jitter)

    def _settle_page(self, page: Page, outcome: PollOutcome) -> None:
        tries = self.pages.pop(page, None)
        keep = not outcome.answered or outcome is PollOutcome.UNAUTHORIZED
        if tries is not None and keep and tries + 1 < MOST_TRIES:
            self.pages[page] = tries + 1
