"""The pipeline: passes messages and polled documents on, and counts each reading exactly once.

A topic is resolved once; its route then accepts every message on it.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.model import Message, Reason
from bridge.core.output.outbox import Outbox
from bridge.ingest.boundary import Boundary
from bridge.monitoring.stats import Accounts

CLOSED_AT_ONCE = 500
"""The most frames that one tick closes: a few milliseconds of work."""
REPORTED = frozenset(
    {
        Reason.MALFORMED, Reason.IMPLAUSIBLE, Reason.AMBIGUOUS, Reason.DUPLICATE, Reason.LIMIT
    }
)  # fmt: skip
"""The reasons that an operator may want to investigate; the others are normal."""


class Route(Protocol):
    """Accepts the messages on one topic."""

    @property
    def reading(self) -> bool:
        """Whether its messages count as readings; announcements do not."""

    @property
    def charger(self) -> str | None:
        """The charger that the topic belongs to; None for none."""

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        """Process one message; returns why it became no sample, or None."""


class RouteFinder(Protocol):
    """What the pipeline needs of the router."""

    routes: dict[bytes, Route]

    def find(self, topic: bytes) -> Route:
        """The route of a topic that is not in `routes`; added to it if there is room."""


class PipelineReport(Protocol):
    """Logs discarded readings; all texts come from untrusted senders."""

    def discarded(self, charger: str | None, topic: bytes, payload: bytes, reason: Reason) -> None:
        """A reading that became no sample."""


class Pipeline:
    """Processes messages; no message makes it fail."""

    def __init__(
        self,
        *,
        router: RouteFinder,
        accounts: Accounts,
        out: Outbox,
        report: PipelineReport,
        boundary: Boundary,
    ) -> None:
        self._router = router
        self._boundary = boundary
        self._accounts = accounts
        self._out = out
        self._report = report

    def process(self, batch: Iterable[Message], now: Moment) -> None:
        """Process messages in order; they arrived at `now`."""
        routes, find = self._router.routes, self._router.find
        received, discarded = 0, self._accounts.discarded
        for topic, payload, retained in batch:
            route = None
            try:
                route = routes.get(topic) or find(topic)
                reason = route.accept(payload, retained, now)
            except Exception as error:  # noqa: BLE001  # one message must not end the process
                self._accounts.received += received + int(route is None or route.reading)
                received = 0
                self._boundary.failed(topic, error)
                continue
            if route.reading:
                received += 1
                if reason is not None:
                    discarded[reason] += 1
                    if reason in REPORTED:
                        self._report.discarded(route.charger, topic, payload, reason)
        self._accounts.received += received
        self.count_discarded()

    def close_quiet_frames(self, now: Moment) -> None:
        """Close the frames whose quiet gap is over."""
        open_frames, closed = self._out.open_frames, 0
        for frame in list(open_frames):
            try:
                over = frame.close_if_quiet(now.steady)
            except Exception as error:  # noqa: BLE001  # one frame must not end the process
                self._boundary.failed(b"open frame", error)
                continue
            if over:
                del open_frames[frame]
                closed += 1
                if closed == CLOSED_AT_ONCE:
                    break
        self.count_discarded()

    def count_discarded(self) -> None:
        """Count the readings that were discarded after they had waited in a frame."""
        waited = self._out.discarded
        while waited:
            self._accounts.discard(*waited.popitem())


class DocumentPipeline:
    """Processes documents that chargers sent on request; no document makes it fail."""

    def __init__(self, *, accounts: Accounts, boundary: Boundary) -> None:
        self._accounts = accounts
        self._boundary = boundary

    def process(self, charger: str, members: int, work: Callable[[], list[Reason]]) -> None:
        """Count a document of so many members; `work` returns why some became no samples."""
        self._accounts.received += members
        for reason in self._boundary.run(charger, work) or ():
            self._accounts.discard(reason)
