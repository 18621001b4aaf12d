"""Sends a query over MQTT to a charger without HTTP; repeats it while replies are ambiguous."""

import time

from bridge.core.clock import Steady
from bridge.core.errors import CommandFailed
from bridge.core.rapi.line import RapiReply
from bridge.core.rapi.match import PATIENCE_SECONDS, Exchange
from bridge.core.rapi.query import Query
from bridge.sources.mqtt.broker import Broker
from bridge.tools.charger.mqtt_session import MqttSession

LISTEN_SECONDS = 1.0
"""Before the query, so that queries from other clients are noticed."""
MAX_ATTEMPTS = 3


async def query_over_mqtt(broker: Broker, base: str, query: Query) -> RapiReply:
    """The charger's reply; raises CommandFailed for no reply, or none that is certainly ours."""
    async with MqttSession(broker) as session:
        attempt = _MqttQuery(session, base, query)
        await attempt.subscribe()
        for _ in range(MAX_ATTEMPTS):
            if (reply := await attempt.send()) is not None:
                return reply
            if not attempt.exchange.doubtful:
                break
        raise CommandFailed(attempt.failure_message())


class _MqttQuery:
    """Follows the RAPI requests and replies of all clients of this charger, ours included."""

    def __init__(self, session: MqttSession, base: str, query: Query) -> None:
        self.exchange = Exchange(query)
        self._session = session
        self._base = base
        self._query = query
        self._echoed = False

    async def subscribe(self) -> None:
        """Subscribe to requests and replies, and receive for a while."""
        requests, replies = f"{self._base}/rapi/in/#", f"{self._base}/rapi/out"
        if refused := await self._session.subscribe(requests, replies):
            raise CommandFailed(f"the broker refused the subscription to {' and '.join(refused)}")
        await self._receive(LISTEN_SECONDS)

    async def send(self) -> RapiReply | None:
        """Send the query once no other client waits for a reply; returns a reply that is ours."""
        while not self.exchange.quiet(Steady(time.monotonic())):
            await self._receive(PATIENCE_SECONDS / 10)
        self.exchange.clear_doubt()
        self._echoed = False
        self._session.publish_query(self._base, self._query)
        try:
            return await self._receive(PATIENCE_SECONDS)
        except CommandFailed as failed:
            if self._echoed:
                raise
            # Some brokers hang up on who publishes what he may not.
            raise CommandFailed(f"{failed}; {self.failure_message()}") from failed

    def failure_message(self) -> str:
        """Why there is no reply."""
        if self.exchange.doubtful:
            return (
                "other clients query this charger at the same time, so its replies are ambiguous; "
                "try later"
            )
        if not self._echoed:
            return (
                "the broker did not deliver the query: the bridge's user must be allowed to read "
                f"and write {self._base}/rapi/in/#"
            )
        return (
            f"the charger did not reply on {self._base}/rapi/out within {PATIENCE_SECONDS:g} s: "
            "it is not connected to this broker, or its controller does not respond"
        )

    async def _receive(self, seconds: float) -> RapiReply | None:
        """Receive for a while, or until the reply arrived or became ambiguous."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.exchange.doubtful:
            message = await self._session.receive(left)
            if message is None:
                break
            if (reply := self._process(*message)) is not None:
                return reply
        return None

    def _process(self, topic: bytes, payload: bytes, retained: bool) -> RapiReply | None:
        now = time.monotonic()
        below = topic.decode(errors="replace").removeprefix(f"{self._base}/rapi/")
        if retained:
            return None
        if below == "out":
            return self.exchange.observe_reply(payload.decode(errors="replace"), Steady(now))
        command = below.rpartition("/")[2]
        self._echoed = self._echoed or command == self._query.value
        self.exchange.observe_query(command, Steady(now))
        return None
