"""Publishes a document as a charger does: one message for each member, with short gaps."""

import asyncio
from random import Random

from bridge.sim.broker_session import BrokerSession
from bridge.sim.clock import Clock
from bridge.sim.documents import Members
from bridge.sim.wire import payload

_SHORTEST_GAP = 0.0001
_LONGEST_GAP = 0.05
# Most members follow at once, few wait for the network.
_TYPICAL_GAP = 0.005
_SHARE_OF_INTERVAL = 0.5


class TelemetryPublisher:
    """Gaps are real time at any speed, unless a document would not fit into its interval."""

    def __init__(
        self, *, connection: BrokerSession, clock: Clock, rng: Random, interval: float, retain: bool
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._rng = rng
        self._room = interval / clock.speed * _SHARE_OF_INTERVAL
        self._retain = retain
        self.muted_until = 0.0

    async def publish(self, members: Members) -> None:
        """Publish a document; nothing while muted."""
        longest = min(_LONGEST_GAP, self._room / len(members))
        for number, (name, value) in enumerate(members):
            if number:
                await asyncio.sleep(min(longest, self._gap()))
            if self._clock.now() >= self.muted_until:
                self._connection.publish(name, payload(value), retain=self._retain)

    def _gap(self) -> float:
        gap = _SHORTEST_GAP + self._rng.expovariate(1 / _TYPICAL_GAP)
        return min(_LONGEST_GAP, gap)
