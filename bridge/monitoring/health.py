"""Liveness and readiness: whether the event loop turns, and whether messages can arrive."""

import time
from collections.abc import Callable
from typing import Protocol

STALLED_SECONDS = 30.0


class Connection(Protocol):
    """What the probes need of the connection to the broker."""

    connected: bool
    subscribed: bool
    refused: bool
    deaf: bool
    last_packet_steady: float
    suspected: str


class Health:
    """`dead` and `unready` return None when all is well, else the reason."""

    def __init__(
        self,
        connection: Connection,
        keepalive: float,
        *,
        failing: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._keepalive = keepalive
        self._failing = failing
        self._beat = time.monotonic()

    def beat(self) -> None:
        """Called by maintenance at every tick."""
        self._beat = time.monotonic()

    def dead(self) -> str | None:
        """Broker and store are left out: a restart would not help there."""
        late = time.monotonic() - self._beat
        if late > STALLED_SECONDS:
            return f"no turn of the housekeeping for {late:.0f} s"
        return self._failing()

    def unready(self) -> str | None:
        """Ready: the announce topics are acknowledged, and the broker sent a packet recently."""
        connection = self._connection
        if not connection.connected:
            suspected = f": {connection.suspected}" if connection.suspected else ""
            return f"not connected to the broker{suspected}"
        if connection.refused:
            return "the broker refuses the announce topics: check its access rules"
        if not connection.subscribed:
            return "the broker has not acknowledged the announce topics"
        if time.monotonic() - connection.last_packet_steady > 2 * self._keepalive:
            return "nothing from the broker for two keep-alives"
        if connection.deaf:
            return "the broker accepts our subscriptions but delivers nothing"
        return None
