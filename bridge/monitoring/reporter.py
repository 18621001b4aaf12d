"""Logs and counts what happens: announcements, refusals, outcomes of stores, bugs."""

import structlog

from bridge.core.fields.catalogue import WIRE_KEYS
from bridge.core.model import ChargerId, Reason
from bridge.core.output.batch import Backlog
from bridge.core.polling.address import RefusedAddress
from bridge.core.polling.outcome import Page
from bridge.core.unread import Unread
from bridge.logs import RepeatedLog
from bridge.monitoring.disk_log import DiskLog
from bridge.monitoring.stats import MAIN, Stats

log = structlog.get_logger("bridge")

QUIET = frozenset(
    {"known", "disconnected", "other_shard", "ignored", "greeting_unclear", "remembered"}
)
REFUSED = frozenset({"malformed", "too_long", "bad_id", "bad_base", "limit", "too_often"})
UNAVAILABLE = ("busy", "denied")
"""The kinds of trouble in which a store accepts nothing."""
MOST_SHOWN = 120


class Reporter:
    """Implements the report protocols of ingest and of delivery."""

    def __init__(
        self,
        *,
        stats: Stats,
        repeated_log: RepeatedLog,
    ) -> None:
        self._stats = stats
        self._repeated_log = repeated_log
        self.disk_log = DiskLog(repeated_log, lambda task: stats.disk_troubles.labels(task).inc())
        self._unavailable: set[str] = set()

    def announced(self, label: str, charger: str, topic: str) -> None:
        """An announcement was accepted or refused."""
        self._stats.announces.labels(label).inc()
        if label in REFUSED:
            shown = topic[:MOST_SHOWN]
            self._repeated_log.report(
                "announce.refused", about="topic", topic=shown, reason=label,
                charger=charger or None,
            )  # fmt: skip
        elif label not in QUIET:
            self._repeated_log.report(
                f"charger.{label}", charger=charger, level="info", topic=topic[:MOST_SHOWN]
            )

    def state_unreadable(self, charger: ChargerId) -> None:
        """A charger's saved state cannot be read; its counters start again."""
        log.error("charger.spoiled", charger=charger, why="its saved counters are unreadable")

    def retired(self, charger: ChargerId) -> None:
        """A charger retired: its announcement was cleared, or it was silent for too long."""
        log.info("charger.retired", charger=charger)

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        """An announced address is invalid, or must not be polled."""
        self._stats.addresses_refused.labels(refused.reason).inc()
        self._repeated_log.report("address.refused", charger=charger, why=refused.why)

    def address_shared(self, charger: ChargerId, first: ChargerId) -> None:
        """A charger announced an address at which another one answered before."""
        self._repeated_log.report(
            "address.shared", charger=charger, first=first,
            why="both announced one address: requests to it are sent one after the other",
        )  # fmt: skip

    def login_withheld(self, charger: ChargerId) -> None:
        """A charger is not polled: it is not trusted with the shared login."""
        why = "not polled until it was heard for http.login_after, or is named in a file"
        self._repeated_log.report("login.withheld", charger=charger, level="info", why=why)

    def credentials_refused(self, why: str) -> None:
        """The credentials file changed, and cannot be used: the last entries stay valid."""
        # At every change of the file, not rate limited: whoever fixes it waits for this line.
        log.error("credentials.refused", setting="http.credentials_file", why=why)

    def document_unread(self, charger: ChargerId, page: Page, unread: Unread) -> None:
        """A document could not be read; it may hold an SSID, so that none of its text is logged."""
        self._stats.documents_unread.labels(page).inc()
        self._repeated_log.report_hourly(
            "document.unread", charger=charger, page=page.value, fault=unread.fault.value,
            offset=unread.offset, member=unread.member if unread.member in WIRE_KEYS else None,
        )  # fmt: skip

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        """A charger is configured to use another topic than it announced."""
        self._repeated_log.report(
            "charger.config_differs", charger=charger, member=member,
            configured=configured[:MOST_SHOWN], announced=announced[:MOST_SHOWN],
        )  # fmt: skip

    def heard_below_prefix(self, charger: ChargerId, base: str, heard: str) -> None:
        """A charger's base is silent, and the same base below other levels is not."""
        lead = heard.removesuffix(f"/{base}")
        log.warning(
            "charger.below_prefix", charger=charger, base=base[:MOST_SHOWN],
            heard=heard[:MOST_SHOWN], why=f"a broker bridge seems to add {lead[:MOST_SHOWN]}/: "
            "set mqtt.prefix to it, or to + for the first level of each announce topic",
        )  # fmt: skip

    def query_lost(self, charger: ChargerId) -> None:
        """The broker does not pass queries on."""
        why = "our user must be allowed to read and write <base>/rapi/in/# at the broker"
        self._repeated_log.report("query.not_passed_on", charger=charger, why=why)

    def bug(self, topic: bytes, error: BaseException) -> None:
        """An unforeseen error; its traceback is logged at most once a minute."""
        self._repeated_log.report(
            "message.bug",
            about="error",
            level="error",
            error=type(error).__name__,
            topic=topic[:MOST_SHOWN].decode(errors="replace"),
            exc_info=error,
        )

    def task_failed(self, task: str, error: Exception) -> None:
        """An unforeseen error in a task, which goes on; logged at most once a minute each."""
        self._stats.task_failures.labels(task).inc()
        self._repeated_log.report(
            "task.failed", about="task", level="error", task=task, exc_info=error
        )

    def discarded(self, charger: str | None, topic: bytes, payload: bytes, reason: Reason) -> None:
        """A reading that became no sample; at most one a minute is logged with its payload."""
        self._repeated_log.report(
            f"reading.{reason}",
            charger=charger,
            topic=topic[:MOST_SHOWN].decode(errors="replace"),
            payload=payload[:MOST_SHOWN].decode(errors="replace"),
        )

    def request(self, store: str, outcome: str, seconds: float) -> None:
        self._stats.request(store, outcome, seconds)
        if outcome == "stored":
            self._available(store)

    def stored(self, store: str, points: int, readings: int, unix: float) -> None:
        self._stats.stored(store, points, readings, unix)
        self._available(store)

    def refused(self, store: str, points: int, readings: int, columns: int) -> None:
        self._stats.refused(store, points, readings, columns)

    def points_lost(self, store: str, lost: Backlog) -> None:
        """The journal deleted or lost points that this store did not have yet."""
        if not lost.points:
            return
        self._stats.points_expired.labels(store).inc(lost.points)
        if store == MAIN:
            self._stats.accounts.discard(Reason.DISK, lost.readings)
        self._repeated_log.report(
            "journal.lost", about="store", level="error", store=store, points=lost.points,
            readings=lost.readings,
        )  # fmt: skip

    def journal_trouble(self, store: str, why: str) -> None:
        """The journal cannot be read, or a store's cursor not be moved; it is tried again."""
        self.disk_log.report(
            "disk.trouble", about="task", level="error", task=f"store {store}", why=why
        )

    def trouble(self, store: str, why: str, kind: str) -> None:
        """A store does not accept lines."""
        self._repeated_log.report(f"store.{kind}", about="store", store=store, why=why)
        if kind in UNAVAILABLE:
            self._unavailable.add(store)

    def _available(self, store: str) -> None:
        if store in self._unavailable:
            self._unavailable.discard(store)
            ends = [f"store.{kind}" for kind in UNAVAILABLE]
            self._repeated_log.resolved("store.takes_again", ends=ends, about="store", store=store)
