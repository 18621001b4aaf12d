"""A query over MQTT, for a charger without HTTP: asked once it is quiet, and again on doubt."""

import time

from bridge.core.clock import Steady
from bridge.core.errors import CommandFailed
from bridge.core.rapi.line import RapiReply
from bridge.core.rapi.match import PATIENCE_SECONDS, Exchange
from bridge.core.rapi.query import Query
from bridge.sources.mqtt.broker import Broker
from bridge.tools.charger.mqtt_visit import MqttVisit

LISTEN_SECONDS = 1.0
"""Before our query, so that whoever asks too is heard."""
MOST_TRIES = 3


async def ask(broker: Broker, base: str, query: Query) -> RapiReply:
    """The charger's reply; raises CommandFailed where none comes, or none is surely ours."""
    async with MqttVisit(broker) as visit:
        talk = _Talk(visit, base, query)
        await talk.begin()
        for _ in range(MOST_TRIES):
            if (reply := await talk.ask()) is not None:
                return reply
            if not talk.exchange.doubtful:
                break
        raise CommandFailed(talk.trouble())


class _Talk:
    """What is said between others and the charger, and between us and it."""

    def __init__(self, visit: MqttVisit, base: str, query: Query) -> None:
        self.exchange = Exchange(query)
        self._visit = visit
        self._base = base
        self._query = query
        self._passed_on = False

    async def begin(self) -> None:
        """Hear both sides for a while."""
        asked, answered = f"{self._base}/rapi/in/#", f"{self._base}/rapi/out"
        if refused := await self._visit.follow(asked, answered):
            raise CommandFailed(f"the broker does not let us hear {' and '.join(refused)}")
        await self._hear(LISTEN_SECONDS)

    async def ask(self) -> RapiReply | None:
        """Once nobody else waits for an answer: our query, and the reply if it is surely ours."""
        while not self.exchange.quiet(Steady(time.monotonic())):
            await self._hear(PATIENCE_SECONDS / 10)
        self.exchange.again()
        self._passed_on = False
        self._visit.publish_query(self._base, self._query)
        try:
            return await self._hear(PATIENCE_SECONDS)
        except CommandFailed as failed:
            if self._passed_on:
                raise
            # Some brokers hang up on who publishes what he may not.
            raise CommandFailed(f"{failed}; {self.trouble()}") from failed

    def trouble(self) -> str:
        """Why there is no reply."""
        if self.exchange.doubtful:
            return (
                "others ask this charger at the same time, so no answer is surely ours; try later"
            )
        if not self._passed_on:
            return (
                "the broker did not pass our query on: our user must be allowed to read and "
                f"write {self._base}/rapi/in/#"
            )
        return (
            f"the charger did not answer on {self._base}/rapi/out within {PATIENCE_SECONDS:g} s: "
            "it is not connected to this broker, or its controller does not answer"
        )

    async def _hear(self, seconds: float) -> RapiReply | None:
        """Listen for a while, or until the reply is there or in doubt."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.exchange.doubtful:
            message = await self._visit.next(left)
            if message is None:
                break
            if (reply := self._take(*message)) is not None:
                return reply
        return None

    def _take(self, topic: bytes, payload: bytes, retained: bool) -> RapiReply | None:
        now = time.monotonic()
        below = topic.decode(errors="replace").removeprefix(f"{self._base}/rapi/")
        if retained:
            return None
        if below == "out":
            return self.exchange.answered(payload.decode(errors="replace"), Steady(now))
        command = below.rpartition("/")[2]
        self._passed_on = self._passed_on or command == self._query.value
        self.exchange.asked(command, Steady(now))
        return None
