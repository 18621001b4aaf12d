"""One simulated charger: its device lives on, and speaks of it when it is time."""

import asyncio
from random import Random

from bridge.sim.clock import Clock
from bridge.sim.device import Device
from bridge.sim.documents import PERIODIC, Dialect, Members, limits
from bridge.sim.habits import COMMANDS, DOCUMENTS, odd
from bridge.sim.happening import Happening, Kind
from bridge.sim.identity import Identity
from bridge.sim.ledger import Ledger
from bridge.sim.mishaps import Mishaps
from bridge.sim.presence import Presence
from bridge.sim.scenarios import Habit
from bridge.sim.voice import Voice

_NEVER = float("inf")


class Charger:
    """One task keeps the connection, one lives; `phase` spreads the fleet over the interval."""

    def __init__(
        self,
        *,
        identity: Identity,
        device: Device,
        dialect: Dialect,
        habit: Habit,
        presence: Presence,
        voice: Voice,
        mishaps: Mishaps | None,
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
        self._presence = presence
        self._voice = voice
        self._mishaps = mishaps
        self._clock = clock
        self._ledger = ledger
        self._rng = rng
        self._interval = interval
        self._due = phase

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._presence.keep(), name=f"presence {self.identity.id}")
            tasks.create_task(self._live(), name=f"life {self.identity.id}")

    async def tried(self) -> None:
        """Wait for the first attempt to connect."""
        await self._presence.tried.wait()

    async def _live(self) -> None:
        await self.tried()
        self._speak_of_others()
        while True:
            mishap = self._mishaps.due if self._mishaps else _NEVER
            await self._clock.until(min(self._due, self._device.life.next_change, mishap))
            now = self._clock.now()
            await self._pass_on(self._device.life.advance(now))
            if self._mishaps and now >= mishap:
                self._record(self._mishaps.strike(now))
            if now >= self._due:
                total = self._device.life.reading(now).total_wh
                self._record([Happening(now, Kind.METER, {"wh": round(total, 3)})])
                self._due += self._interval * (1 + (now - self._due) // self._interval)
                await self._voice.say(self._document(now))

    async def _pass_on(self, happened: list[Happening]) -> None:
        """The ledger hears everything, the broker what a working controller tells."""
        self._record(happened)
        for one in happened:
            if not self._device.is_frozen(one.at) and (members := _event(one)):
                await self._voice.say(members)

    def _record(self, happened: list[Happening]) -> None:
        for one in happened:
            told = {"event": one.kind.value, **one.values}
            self._ledger.truth(self._clock.unix(one.at), self.identity.id, told)

    def _document(self, at: float) -> Members:
        members = PERIODIC[self._dialect](self._device.view(at))
        if self._habit is Habit.ODD_PAYLOADS:
            return odd(members, self._rng)
        if self._habit is Habit.DOCUMENTS:
            self._speak_of_others()
        return members

    def _speak_of_others(self) -> None:
        """Documents and commands travel over this connection, whoever they are from."""
        if self._habit is Habit.DOCUMENTS:
            for member, text in DOCUMENTS:
                self._presence.tell(member, text, retain=True)
            for member, text in COMMANDS:
                self._presence.tell(member, text)


def _event(one: Happening) -> Members:
    match one.kind:
        case Kind.STATE:
            return [("state", one.values["code"])]
        case Kind.LIMITS:
            return limits(int(one.values["pilot"]))
        case _:
            return []
