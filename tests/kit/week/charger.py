"""One simulated charger on a virtual clock: the simulator's parts, without its sockets."""

import json
from collections.abc import Iterator
from random import Random

from bridge.core.model import Message
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.sim.device import SimDevice
from bridge.sim.documents import SimDialect
from bridge.sim.endpoint import Endpoint
from bridge.sim.gateway import CRASH_REASONS, SOFTWARE, Boot
from bridge.sim.identity import Identity
from bridge.sim.plan import FleetUsage
from bridge.sim.settings import ChargerConfig, config_document
from bridge.sim.status import crashlog_document, status_document
from bridge.sim.wire import Value, document
from tests.kit.core import EPOCH
from tests.kit.week.trouble import HOUR, Strike, Trouble, strikes
from tests.kit.week.truth import Truth
from tests.kit.week.voice import Voice

TEMPER = FleetUsage(idle=(HOUR, 5 * HOUR), fault_chance=0.2)
INTERVAL = 30.0
_BOOTING = (3.5, 9.0)
_FIRST_WORDS = (0.0, 8.0)
"""When the periodic document begins anew after a boot: most of them say zeros."""
_LOOP_SECONDS = 1.5
_KEEP_ALIVE_SECONDS = 90.0
_TIMEOUT_SECONDS = 10.0
_NEVER = float("inf")


class Charger:
    """Lives on with each `step`; what it says in one is what a working broker would pass on."""

    def __init__(self, identity: Identity, *, phase: float) -> None:
        self.identity = identity
        self.device = SimDevice(rng=Random(f"week/{identity.index}/life"), temper=TEMPER)
        boots = self.device.gateway.boot_count
        self.truth = Truth(self.device.life.meter.total_wh, boots, boots)
        self.retained = b""
        self._settings = ChargerConfig(
            identity=identity, endpoint=Endpoint("127.0.0.1", 1883), username="", password=""
        )
        self._rng = Random(f"week/{identity.index}/troubles")
        self._strikes = strikes(self._rng)
        self._due = phase
        self._voice = Voice(self.device, identity.base)
        self._up = False
        self._back = 0.0
        self._will = _NEVER
        self._muted = self._deaf_web = 0.0

    @property
    def next(self) -> float:
        """When it does something next."""
        strike = self._strikes[0].at if self._strikes else _NEVER
        back = _NEVER if self._up else self._back
        return min(self._due, self.device.life.next_change, strike, back, self._will)

    def step(self, now: float) -> Iterator[list[Message]]:
        """Live on until now; the messages of each document, or single ones."""
        if now >= self._will:
            yield [self._announcement("disconnected")]
        if not self._up and now >= self._back:
            yield from self._connect()
        for one in self.device.life.advance(now):
            self.truth.happened.append(one)
            messages = self._voice.event(one)
            if self._speaks(now) and not self.device.is_frozen(one.at):
                yield messages
        while self._strikes and self._strikes[0].at <= now:
            self._strike(self._strikes.pop(0), now)
        if now >= self._due:
            self._due += INTERVAL
            if self._speaks(now):
                yield self._voice.document(now)

    def answer(self, page: Page, now: float) -> PollReply:
        """What a request at this moment comes to."""
        if now < self._deaf_web:
            return PollReply(PollOutcome.TIMEOUT, _TIMEOUT_SECONDS)
        if self.device.gateway.boot(now) is Boot.DOWN:
            return PollReply(PollOutcome.UNREACHABLE, 0.1)
        return PollReply(PollOutcome.OK, 0.2, json.loads(document(self._page(page, now))))

    def _page(self, page: Page, now: float) -> dict[str, Value]:
        match page:
            case Page.STATUS:
                return status_document(
                    self.device, SimDialect.NOFOS, at=now, unix=EPOCH + now,
                    address=self.identity.address, online=self._up,
                )  # fmt: skip
            case Page.CONFIG:
                return config_document(self.identity, self._settings, self.device.traits, "2.4.1")
            case Page.CRASHLOG:
                return crashlog_document(self.device.gateway, 10)

    def _speaks(self, now: float) -> bool:
        return self._up and now >= self._muted

    def _announcement(self, state: str) -> Message:
        self._will = _NEVER
        who = {"state": state, "id": self.identity.id, "name": self.identity.name}
        where = {"mqtt": self.identity.base, "http": self.identity.url(None)}
        self.retained = document(who | where if state == "connected" else who).encode()
        return self.identity.announce.encode(), self.retained, False

    def _connect(self) -> Iterator[list[Message]]:
        """A broker that still waits for the old connection tells its last will first."""
        if self._will < _NEVER:
            yield [self._announcement("disconnected")]
        self._up = True
        yield [self._announcement("connected")]

    def _strike(self, strike: Strike, now: float) -> None:
        until = now + strike.seconds
        match strike.trouble:
            case Trouble.REBOOT:
                self._boot(now, SOFTWARE)
            case Trouble.CRASH:
                self._boot(now, self._rng.choice(CRASH_REASONS), will=now + _KEEP_ALIVE_SECONDS)
            case Trouble.CRASH_LOOP:
                for turn in range(3):
                    at = now + turn * _LOOP_SECONDS
                    self._boot(at, CRASH_REASONS[0], will=now + _KEEP_ALIVE_SECONDS)
            case Trouble.FREEZE:
                self.device.freeze(at=now, until=until)
                self.truth.frozen.append((now, until))
            case Trouble.MUTE:
                self._muted = until
                self.truth.no_mqtt.append((now, until))
            case Trouble.DROP:
                self._leave(now, until, will=now)
            case Trouble.OUT:
                self._leave(now, until, will=now + _KEEP_ALIVE_SECONDS)
                self._lose_web(now, until)
            case Trouble.DEAF_WEB:
                self._lose_web(now, until)

    def _boot(self, at: float, reason: int, will: float = _NEVER) -> None:
        self.device.gateway.restart(at=at, unix=EPOCH + at, reason=reason)
        self.truth.boots += 1
        self.truth.crashes += reason in CRASH_REASONS
        back = at + self._rng.uniform(*_BOOTING)
        self._due = back + self._rng.uniform(*_FIRST_WORDS)
        self._leave(at, back, will)

    def _leave(self, at: float, back: float, will: float) -> None:
        self._up, self._back, self._will = False, back, will
        self.truth.no_mqtt.append((at, back))

    def _lose_web(self, at: float, until: float) -> None:
        self._deaf_web = max(self._deaf_web, until)
        self.truth.no_web.append((at, until))
