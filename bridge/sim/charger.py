"""One simulated charger: runs its device, and publishes documents and events."""

import asyncio
from random import Random

from bridge.sim.broker_session import BrokerSession
from bridge.sim.clock import Clock
from bridge.sim.device import SimDevice
from bridge.sim.documents import PERIODIC, Members, SimDialect, limits
from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.fault_injector import FaultInjector
from bridge.sim.habits import COMMANDS, DOCUMENTS, with_odd_values
from bridge.sim.identity import Identity
from bridge.sim.ledger import Ledger
from bridge.sim.publisher import TelemetryPublisher
from bridge.sim.scenarios import PublishStyle

_NEVER = float("inf")


class SimCharger:
    """One task keeps the connection, one runs the device; `phase` spreads the fleet in time."""

    def __init__(
        self,
        *,
        identity: Identity,
        device: SimDevice,
        dialect: SimDialect,
        habit: PublishStyle,
        connection: BrokerSession,
        publisher: TelemetryPublisher,
        faults: FaultInjector | None,
        clock: Clock,
        ledger: Ledger,
        rng: Random,
        interval: float,
        phase: float,
    ) -> None:
        self.identity = identity
        self._device = device
        self._dialect = dialect
        self._habit = habit
        self._connection = connection
        self._publisher = publisher
        self._faults = faults
        self._clock = clock
        self._ledger = ledger
        self._rng = rng
        self._interval = interval
        self._due = phase

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._connection.run(), name=f"presence {self.identity.id}")
            tasks.create_task(self._run_device(), name=f"life {self.identity.id}")

    async def wait_first_attempt(self) -> None:
        """Wait for the first attempt to connect."""
        await self._connection.attempted.wait()

    async def _run_device(self) -> None:
        await self.wait_first_attempt()
        self._publish_documents()
        while True:
            mishap = self._faults.due if self._faults else _NEVER
            await self._clock.until(min(self._due, self._device.life.next_change, mishap))
            now = self._clock.now()
            await self._publish_events(self._device.life.advance(now))
            if self._faults and now >= mishap:
                self._record(self._faults.inject(now))
            if now >= self._due:
                total = self._device.life.reading(now).total_wh
                self._record([SimEvent(now, SimEventKind.METER, {"wh": round(total, 3)})])
                self._due += self._interval * (1 + (now - self._due) // self._interval)
                await self._publisher.publish(self._document(now))

    async def _publish_events(self, happened: list[SimEvent]) -> None:
        """All events go to the ledger; a working controller's are published."""
        self._record(happened)
        for one in happened:
            if not self._device.is_frozen(one.at) and (members := _event(one)):
                await self._publisher.publish(members)

    def _record(self, happened: list[SimEvent]) -> None:
        for each in happened:
            event = {"event": each.kind.value, **each.values}
            self._ledger.truth(self._clock.unix(each.at), self.identity.id, event)

    def _document(self, at: float) -> Members:
        members = PERIODIC[self._dialect](self._device.view(at))
        if self._habit is PublishStyle.ODD_PAYLOADS:
            return with_odd_values(members, self._rng)
        if self._habit is PublishStyle.DOCUMENTS:
            self._publish_documents()
        return members

    def _publish_documents(self) -> None:
        """Publish documents, and commands as if from other clients, over this connection."""
        if self._habit is PublishStyle.DOCUMENTS:
            for member, text in DOCUMENTS:
                self._connection.publish(member, text, retain=True)
            for member, text in COMMANDS:
                self._connection.publish(member, text)


def _event(one: SimEvent) -> Members:
    match one.kind:
        case SimEventKind.STATE:
            return [("state", one.values["code"])]
        case SimEventKind.LIMITS:
            return limits(int(one.values["pilot"]))
        case _:
            return []
