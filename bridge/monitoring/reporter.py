"""Tells the log and the metrics what happens: announcements, refusals, stores, bugs."""

import structlog

from bridge.core.model import ChargerId, Reason
from bridge.core.output.batch import Backlog
from bridge.core.polling.address import RefusedAddress
from bridge.logs import RepeatedLog
from bridge.monitoring.stats import MAIN, Stats

log = structlog.get_logger("bridge")

QUIET = frozenset({"known", "disconnected", "other_shard", "ignored", "greeting_unclear"})
REFUSED = frozenset({"malformed", "too_long", "bad_id", "bad_base", "limit", "too_often"})
AWAY = ("busy", "denied")
"""What a store says, or does not say, that takes nothing."""
MOST_ALIKE = 120


class Reporter:
    """The listener of the registry and of the stores' deliveries."""

    def __init__(
        self,
        *,
        stats: Stats,
        repeated_log: RepeatedLog,
    ) -> None:
        self._stats = stats
        self._repeated_log = repeated_log
        self._away: set[str] = set()

    def announced(self, label: str, charger: str, topic: str) -> None:
        """An announcement was taken or refused."""
        self._stats.announces.labels(label).inc()
        if label in REFUSED:
            shown = topic[:MOST_ALIKE]
            self._repeated_log.report("announce.refused", about="topic", topic=shown, reason=label)
        elif label not in QUIET:
            self._repeated_log.report(
                f"charger.{label}", charger=charger, level="info", topic=topic[:MOST_ALIKE]
            )

    def spoiled(self, charger: ChargerId) -> None:
        """What the state file kept of a charger cannot be read; its counters begin anew."""
        log.error("charger.spoiled", charger=charger, why="its saved counters are unreadable")

    def retired(self, charger: ChargerId) -> None:
        """A charger is gone, by its operator's will or after a long silence."""
        log.info("charger.retired", charger=charger)

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        """An announced address is none, or none that may be polled."""
        self._stats.addresses_refused.labels(refused.reason).inc()
        self._repeated_log.report("address.refused", charger=charger, why=refused.why)

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        """A charger is configured to use another topic than it announced."""
        self._repeated_log.report(
            "charger.config_differs", charger=charger, member=member,
            configured=configured[:MOST_ALIKE], announced=announced[:MOST_ALIKE],
        )  # fmt: skip

    def query_lost(self, charger: ChargerId) -> None:
        """The broker passes no query on."""
        why = "our user must be allowed to read and write <base>/rapi/in/# at the broker"
        self._repeated_log.report("query.not_passed_on", charger=charger, why=why)

    def bug(self, topic: bytes, error: BaseException) -> None:
        """An error that nobody foresaw; its traceback is logged once in a while."""
        self._repeated_log.report(
            "message.bug",
            about="error",
            level="error",
            error=type(error).__name__,
            topic=topic[:MOST_ALIKE].decode(errors="replace"),
            exc_info=error,
        )

    def discarded(self, charger: str | None, topic: bytes, payload: bytes, reason: Reason) -> None:
        """A reading that became no sample; one in a while is shown whole."""
        self._repeated_log.report(
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
            self._repeated_log.resolved("store.takes_again", ends=ends, about="store", store=store)

    def stored(self, store: str, points: int, readings: int, at: float) -> None:
        self._stats.stored(store, points, readings, at)

    def refused(self, store: str, points: int, readings: int) -> None:
        self._stats.refused(store, points, readings)

    def points_lost(self, store: str, lost: Backlog) -> None:
        """The disk could not keep what this store was lost."""
        if not lost.points:
            return
        self._stats.points_expired.labels(store).inc(lost.points)
        if store == MAIN:
            self._stats.accounts.discard(Reason.DISK, lost.readings)
        self._repeated_log.report(
            "journal.lost", about="store", level="error", store=store, points=lost.points,
            readings=lost.readings,
        )  # fmt: skip

    def trouble(self, store: str, why: str, kind: str) -> None:
        """A store does not take what it is given."""
        self._repeated_log.report(f"store.{kind}", about="store", store=store, why=why)
        if kind in AWAY:
            self._away.add(store)
