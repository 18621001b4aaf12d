"""A week of some chargers and the bridge that hears them, on one virtual clock."""

import heapq
from collections.abc import Callable, Iterable

from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollRequest
from bridge.sim.identity import Identity, Naming, fleet_identities
from tests.kit.week.bridge import Bridge, Disk
from tests.kit.week.charger import INTERVAL, Charger
from tests.kit.week.trouble import KILL, STOP, WEEK
from tests.kit.week.truth import Interval, Truth

SWEEP_SECONDS = 30.0
SCRAPE_SECONDS = 600.0
RECENT_SECONDS = 120.0
NAMING = Naming(device="nofos", base_prefix="charger", announce_prefix="openevse/announce")


class Week:
    """Everything that is due goes in its order through one heap."""

    def __init__(self, identities: Iterable[Identity]) -> None:
        some = list(identities)
        self.disk = Disk()
        self.chargers = {
            one.id: Charger(one, phase=INTERVAL * place / len(some))
            for place, one in enumerate(some)
        }
        self.bridge: Bridge | None = None
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._turn = 0
        self.now = 0.0

    def truth(self, charger: str) -> Truth:
        """What really happened to this one."""
        return self.chargers[charger].truth

    def run(self) -> None:
        """Live through it."""
        self._start(trusted=True)
        for charger in self.chargers.values():
            self._at(0.0, self._stepper(charger))
        self._at(0.0, self._sweep)
        self._at(0.0, self._scrape)
        self._at(STOP[0], self._stop)
        self._at(KILL[0] - RECENT_SECONDS, self._save_numbers)
        self._at(KILL[0], self._kill)
        while self._due:
            at, _, act = heapq.heappop(self._due)
            if at > WEEK:
                break
            self._go_on(at)
            act(at)
        assert self.bridge is not None
        self.bridge.stop()
        self.bridge.scrape()

    def _at(self, at: float, act: Callable[[float], None]) -> None:
        self._turn += 1
        heapq.heappush(self._due, (at, self._turn, act))

    def _go_on(self, at: float) -> None:
        self.now = at
        bridge = self.bridge
        if bridge is not None:
            bridge.turn(at)
            bridge.tick()
            if bridge.next_poll <= at:
                for ask in bridge.asks():
                    self._ask(bridge, ask, at)

    def _ask(self, bridge: Bridge, ask: PollRequest, at: float) -> None:
        """What is asked now is answered a while later, if the same bridge still waits."""
        answer = self.chargers[ask.charger].answer(ask.page, at)
        self._at(at + answer.seconds, lambda _: self._answered(bridge, ask, answer))

    def _answered(self, bridge: Bridge, ask: PollRequest, reply: PollReply) -> None:
        if bridge is self.bridge:
            bridge.reply(ask, reply)

    def _stepper(self, charger: Charger) -> Callable[[float], None]:
        def step(at: float) -> None:
            for messages in charger.step(at):
                if self.bridge is not None and messages:
                    self.bridge.hear(messages)
            self._at(charger.next, step)

        return step

    def _sweep(self, at: float) -> None:
        if self.bridge is not None:
            self.bridge.sweep()
        self._at(at + SWEEP_SECONDS, self._sweep)

    def _scrape(self, at: float) -> None:
        if self.bridge is not None:
            self.bridge.scrape()
        self._at(at + SCRAPE_SECONDS, self._scrape)

    def _stop(self, at: float) -> None:
        assert self.bridge is not None
        self.bridge.stop()
        self._leave(STOP, trusted=True)

    def _save_numbers(self, at: float) -> None:
        assert self.bridge is not None
        self.bridge.recent = True

    def _kill(self, at: float) -> None:
        """What is shown just before must not be more than what is shown after."""
        assert self.bridge is not None
        self.bridge.scrape()
        self._leave(KILL, trusted=False)

    def _leave(self, absence: Interval, *, trusted: bool) -> None:
        self.bridge = None
        for charger in self.chargers.values():
            charger.truth.absent.append(absence)
        self._at(absence[1], lambda _: self._start(trusted=trusted))

    def _start(self, *, trusted: bool) -> None:
        """Subscribing brings what the broker retains."""
        bridge = self.bridge = Bridge(self.disk, self.now, trusted=trusted)
        for charger in self.chargers.values():
            if charger.retained:
                bridge.hear([(charger.identity.announce.encode(), charger.retained, True)])
        bridge.scrape()


def lived(first: int, last: int) -> Week:
    """The week of the chargers with these places in the fleet, the last one not among them."""
    week = Week(fleet_identities(1, last, NAMING)[first:])
    week.run()
    return week
