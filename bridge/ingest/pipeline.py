"""The heart: batches of MQTT messages in, lines for the journal and the page out.

A topic is looked up once; behind it stands a route that knows what a message there is.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.model import Message, Reason
from bridge.core.output.outbox import Outbox
from bridge.monitoring.stats import Accounts


class Route(Protocol):
    """What a message on one topic is."""

    @property
    def reading(self) -> bool:
        """Whether it counts as a reading; announcements do not."""

    @property
    def charger(self) -> str | None:
        """Whose it is; None for nobody's."""

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        """Take one message; why it became no sample, or None."""


class RouteFinder(Protocol):
    """Finds the route of a topic that was not heard before."""

    routes: dict[bytes, Route]

    def find(self, topic: bytes) -> Route:
        """The route of a topic; kept in `routes` where there is room."""


CLOSED_AT_ONCE = 500
"""Frames that one tick ends at most: a few milliseconds of work."""
REPORTED = frozenset(
    {
        Reason.MALFORMED, Reason.IMPLAUSIBLE, Reason.AMBIGUOUS, Reason.DUPLICATE, Reason.LIMIT
    }
)  # fmt: skip
"""What an operator may want to look into; the others are the daily course of things."""


class PipelineReport(Protocol):
    """Whoever tells of what went wrong; all of it comes from strangers."""

    def bug(self, topic: bytes, error: BaseException) -> None:
        """An error that nobody foresaw."""

    def discarded(self, charger: str | None, topic: bytes, payload: bytes, reason: Reason) -> None:
        """A reading that became no sample."""


class Pipeline:
    """Takes messages, counts each under exactly one heading, never fails on one."""

    def __init__(
        self,
        *,
        router: RouteFinder,
        accounts: Accounts,
        out: Outbox,
        report: PipelineReport,
    ) -> None:
        self._router = router
        self._accounts = accounts
        self._out = out
        self._report = report

    def process(self, batch: Iterable[Message], now: Moment) -> None:
        """Take messages in their order; they arrived at `now`."""
        routes, learn = self._router.routes, self._router.find
        received, discarded = 0, self._accounts.discarded
        for topic, payload, retained in batch:
            route = None
            try:
                route = routes.get(topic) or learn(topic)
                reason = route.accept(payload, retained, now)
            except Exception as error:  # noqa: BLE001  # one message must not end the process
                self._report.bug(topic, error)
                reason = Reason.BUG
            if route is None or route.reading:
                received += 1
                if reason is not None:
                    discarded[reason] += 1
                    if reason in REPORTED and route is not None:
                        self._report.discarded(route.charger, topic, payload, reason)
        self._accounts.received += received

    def process_document(
        self, charger: str, members: int, work: Callable[[], list[Reason]]
    ) -> None:
        """Take a polled document of so many members; `work` says why some became no samples."""
        held = self._out.readings_held
        self._accounts.received += members
        try:
            reasons = work()
        except Exception as error:  # noqa: BLE001  # one reply must not end the process
            self._report.bug(charger.encode(), error)
            reasons = [Reason.BUG] * (members - (self._out.readings_held - held))
        for reason in reasons:
            self._accounts.discard(reason)

    def close_quiet_frames(self, now: Moment) -> None:
        """End the frames whose time is over."""
        breaths, ended = self._out.open_frames, 0
        for breath in list(breaths):
            if breath.close_if_quiet(now.steady):
                del breaths[breath]
                ended += 1
                if ended == CLOSED_AT_ONCE:
                    return
