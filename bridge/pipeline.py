"""The heart: batches of MQTT messages in, lines for the journal and the page out.

A topic is looked up once; behind it stands a route that knows what a message there is.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.model import Message, Reason
from bridge.core.outbox import Outbox
from bridge.stats import Accounts


class Route(Protocol):
    """What a message on one topic is."""

    reading: bool

    def take(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        """Take one message; why it became no sample, or None."""


class Router(Protocol):
    """Finds the route of a topic that was not heard before."""

    routes: dict[bytes, Route]

    def learn(self, topic: bytes) -> Route:
        """The route of a topic; kept in `routes` where there is room."""


class Pipeline:
    """Takes messages, counts each under exactly one heading, never fails on one."""

    def __init__(
        self,
        *,
        router: Router,
        accounts: Accounts,
        out: Outbox,
        bug: Callable[[bytes, BaseException], None],
    ) -> None:
        self._router = router
        self._accounts = accounts
        self._out = out
        self._bug = bug

    def take(self, batch: Iterable[Message], now: Moment) -> None:
        """Take messages in their order; they arrived at `now`."""
        routes, learn = self._router.routes, self._router.learn
        received, discarded = 0, self._accounts.discarded
        for topic, payload, retained in batch:
            route = None
            try:
                route = routes.get(topic) or learn(topic)
                reason = route.take(payload, retained, now)
            except Exception as error:  # noqa: BLE001  # one message must not end the process
                self._bug(topic, error)
                reason = Reason.BUG
            if route is None or route.reading:
                received += 1
                if reason is not None:
                    discarded[reason] += 1
        self._accounts.received += received

    def quiet(self, now: Moment) -> None:
        """End the frames whose time is over."""
        breaths = self._out.breaths
        for breath in [b for b in breaths if b.quiet(now.steady)]:
            del breaths[breath]
