"""Tells the log and the metrics what happens: announcements, refusals, stores, bugs."""

from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from bridge.core.clock import Moment
from bridge.core.discovery.subscriptions import SubscriptionChange
from bridge.core.model import ChargerId, Reason
from bridge.core.polling.address import RefusedAddress
from bridge.logs import RepeatedLog
from bridge.monitoring.stats import MAIN, Stats

log = structlog.get_logger("bridge")

QUIET = frozenset({"known", "disconnected", "other_shard", "ignored", "greeting_unclear"})
REFUSED = frozenset({"malformed", "too_long", "bad_id", "bad_base", "limit", "too_often"})
AWAY = ("busy", "denied")
"""What a store says, or does not say, that takes nothing."""
MOST_ALIKE = 120


class LostBacklog(Protocol):
    """What a store never gets."""

    @property
    def readings(self) -> int: ...

    @property
    def points(self) -> int: ...


class Polled(Protocol):
    """Who polls the chargers."""

    def announced(self, charger: ChargerId, now: Moment) -> None:
        """It said, just now, that it is there."""

    def forget(self, charger: ChargerId) -> None:
        """It is gone."""


class Reporter:
    """The listener of the registry and of the stores' deliveries."""

    def __init__(
        self,
        *,
        stats: Stats,
        complaints: RepeatedLog,
        follow: Callable[[Iterable[str], Iterable[str]], None],
    ) -> None:
        self.polling: Polled | None = None
        """Set once it is made; what is restored before is not polled yet."""
        self._stats = stats
        self._complaints = complaints
        self._follow = follow
        self._away: set[str] = set()

    def subscriptions(self, changes: Iterable[SubscriptionChange]) -> None:
        """The fleet's bases changed."""
        for change in changes:
            self._follow(change.subscribe, change.unsubscribe)

    def announced(self, label: str, charger: str, topic: str) -> None:
        """An announcement was taken or refused."""
        self._stats.announces.labels(label).inc()
        if label in REFUSED:
            shown = topic[:MOST_ALIKE]
            self._complaints.report("announce.refused", about="topic", topic=shown, reason=label)
        elif label not in QUIET:
            self._complaints.report(
                f"charger.{label}", charger=charger, level="info", topic=topic[:MOST_ALIKE]
            )

    def spoiled(self, charger: ChargerId) -> None:
        """What the state file kept of a charger cannot be read; its counters begin anew."""
        log.error("charger.spoiled", charger=charger, why="its saved counters are unreadable")

    def retired(self, charger: ChargerId) -> None:
        """A charger is gone, by its operator's will or after a long silence."""
        log.info("charger.retired", charger=charger)
        if self.polling is not None:
            self.polling.forget(charger)

    def connected(self, charger: ChargerId, now: Moment) -> None:
        """A charger said, just now, that it is there."""
        if self.polling is not None:
            self.polling.announced(charger, now)

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        """An announced address is none, or none that may be polled."""
        self._stats.addresses_refused.labels(refused.reason).inc()
        self._complaints.report("address.refused", charger=charger, why=refused.why)

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        """A charger is configured to use another topic than it announced."""
        self._complaints.report(
            "charger.config_differs", charger=charger, member=member,
            configured=configured[:MOST_ALIKE], announced=announced[:MOST_ALIKE],
        )  # fmt: skip

    def query_lost(self, charger: ChargerId) -> None:
        """The broker passes no query on."""
        why = "our user must be allowed to read and write <base>/rapi/in/# at the broker"
        self._complaints.report("query.not_passed_on", charger=charger, why=why)

    def bug(self, topic: bytes, error: BaseException) -> None:
        """An error that nobody foresaw; its traceback is logged once in a while."""
        self._complaints.report(
            "message.bug",
            about="error",
            level="error",
            error=type(error).__name__,
            topic=topic[:MOST_ALIKE].decode(errors="replace"),
            exc_info=error,
        )

    def discarded(self, charger: str | None, topic: bytes, payload: bytes, reason: Reason) -> None:
        """A reading that became no sample; one in a while is shown whole."""
        self._complaints.report(
            f"reading.{reason}",
            charger=charger,
            topic=topic[:MOST_ALIKE].decode(errors="replace"),
            payload=payload[:MOST_ALIKE].decode(errors="replace"),
        )

    def request(self, store: str, outcome: str, seconds: float) -> None:
        self._stats.request(store, outcome, seconds)
        if outcome == "stored" and store in self._away:
            self._away.discard(store)
            ends = [f"store.{kind}" for kind in AWAY]
            self._complaints.resolved("store.takes_again", ends=ends, about="store", store=store)

    def stored(self, store: str, points: int, readings: int, at: float) -> None:
        self._stats.stored(store, points, readings, at)

    def refused(self, store: str, points: int, readings: int) -> None:
        self._stats.refused(store, points, readings)

    def lost(self, store: str, owed: LostBacklog) -> None:
        """The disk could not keep what this store was owed."""
        if not owed.points:
            return
        self._stats.points_expired.labels(store).inc(owed.points)
        if store == MAIN:
            self._stats.accounts.discard(Reason.DISK, owed.readings)
        self._complaints.report(
            "journal.lost", about="store", level="error", store=store, points=owed.points,
            readings=owed.readings,
        )  # fmt: skip

    def trouble(self, store: str, why: str, kind: str) -> None:
        """A store does not take what it is given."""
        self._complaints.report(f"store.{kind}", about="store", store=store, why=why)
        if kind in AWAY:
            self._away.add(store)
