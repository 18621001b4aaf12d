"""A charger on its broker: announcing, coming back, answering RAPI commands."""

import asyncio
import contextlib
from collections.abc import Callable
from random import Random

from bridge.sim.clock import Clock
from bridge.sim.endpoint import Endpoint
from bridge.sim.identity import Identity
from bridge.sim.ledger import Ledger
from bridge.sim.link import Link
from bridge.sim.note import LinkTrouble, Note
from bridge.sim.rapi import REFUSED, sealed
from bridge.sim.settings import Settings
from bridge.sim.switchboard import Switchboard
from bridge.sim.wire import document

_FIRST_RETRY_SECONDS = 5.0
_LONGEST_RETRY_SECONDS = 60.0
_QUICKEST_RETRY_SECONDS = 0.2
_WHEN_OFF_SECONDS = 1.0


class Presence:
    """Follows its settings at each connection.

    `query` answers a RAPI command: None refuses it, an empty text is no answer at all.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        settings: Settings,
        endpoint: Endpoint,
        url: str,
        board: Switchboard,
        clock: Clock,
        ledger: Ledger,
        rng: Random,
        polite: bool,
        query: Callable[[str], str | None],
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._endpoint = endpoint
        self._url = url
        self._board = board
        self._clock = clock
        self._ledger = ledger
        self._rng = rng
        self._polite = polite
        self._query = query
        self._link: Link | None = None
        self._absence: float | None = None
        self._recalled = asyncio.Event()
        self.tried = asyncio.Event()

    @property
    def online(self) -> bool:
        """Whether the broker took the connection."""
        return self._link is not None and self._link.up

    @property
    def base(self) -> str:
        """The base topic of now."""
        return self._settings.text("mqtt_topic")

    async def keep(self) -> None:
        """Stay connected, for ever; cancelled, it leaves as politely as it is."""
        failures = 0
        try:
            while True:
                failures = 0 if await self._serve() else failures + 1
                await self._pause(failures)
        finally:
            if self._link is not None and self._polite:
                self._link.hang_up()
            elif self._link is not None:
                self._link.cut()

    def tell(self, member: str, payload: str, *, retain: bool = False) -> None:
        """Publish below the base."""
        if self._link is not None:
            self._link.publish(Note(f"{self.base}/{member}", payload, retain))

    def leave(self, seconds: float) -> None:
        """Disconnect politely, and come back after simulated seconds."""
        self._absence = seconds
        self._recalled.set()
        if self._link is not None:
            self._link.hang_up()

    def vanish(self, seconds: float) -> None:
        """Lose the connection without a word, and come back after simulated seconds."""
        self._absence = seconds
        if self._link is not None:
            self._link.cut()

    async def _serve(self) -> bool:
        """One connection from its beginning to its end; False when there was none."""
        if not self._settings.flag("mqtt_enabled"):
            self.tried.set()
            return True
        link = self._link = self._dialled()
        try:
            await self._board.connect(link)
            self._greet(link)
        except LinkTrouble:
            return False
        finally:
            self.tried.set()
        await link.closed.wait()
        self._board.forget(link)
        return True

    def _dialled(self) -> Link:
        return Link(
            endpoint=self._settings.broker(self._endpoint),
            client_id=self._settings.text("hostname"),
            will=Note(
                self._settings.text("mqtt_announce_topic"), self._announcement("disconnected")
            ),
            on_sent=self._sent,
            on_heard=self._heard,
        )

    def _greet(self, link: Link) -> None:
        # First, so that whoever hears the announcement can ask at once.
        link.subscribe(f"{self.base}/rapi/in")
        topic = self._settings.text("mqtt_announce_topic")
        link.publish(Note(topic, self._announcement("connected"), retain=True))

    def _announcement(self, state: str) -> str:
        who = {"state": state, "id": self._identity.id, "name": self._settings.text("hostname")}
        where = {"mqtt": self.base, "http": self._url} if state == "connected" else {}
        return document(who | where)

    async def _pause(self, failures: int) -> None:
        """As long as was asked for, else as long as a device waits that gives its broker time."""
        if self._absence is None:
            await self._back_off(failures)
        if (absence := self._absence) is not None:
            self._absence = None
            await self._clock.rest(absence)

    async def _back_off(self, failures: int) -> None:
        """New settings end it."""
        if not self._settings.flag("mqtt_enabled"):
            await self._clock.rest(_WHEN_OFF_SECONDS)
            return
        longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures, 5))
        wait = longest * self._rng.uniform(0.7, 1.0) / self._clock.speed
        self._recalled.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(_QUICKEST_RETRY_SECONDS, wait)):
                await self._recalled.wait()

    def _sent(self, note: Note) -> None:
        self._ledger.message(self._identity.id, note.topic, note.payload, note.retain)

    def _heard(self, topic: str, payload: bytes) -> None:
        """A command: its name ends the topic, its argument is the payload."""
        name = topic.rpartition("/")[2]
        argument = ""
        with contextlib.suppress(UnicodeDecodeError):
            argument = payload.decode()
        if name.startswith("$"):
            answer = self._query(f"{name} {argument}".strip())
            if answer != "":
                self.tell("rapi/out", sealed(answer or REFUSED))
