"""What a simulated charger says of itself on MQTT, as messages."""

from bridge.core.model import Message
from bridge.sim.device import SimDevice
from bridge.sim.documents import PERIODIC, Members, SimDialect, limits
from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.gateway import Boot
from bridge.sim.plan import CHARGING
from bridge.sim.wire import payload

_WHOLE_EVERY = 10
_CORE = frozenset({"amp1", "v1", "pilot", "wh", "state"})


class Voice:
    """Speaks below one base.

    Speed: a week has a million documents. They are whole now and then; else they hold what
    findings rest on, and say the same again while nothing flows.
    """

    def __init__(self, device: SimDevice, base: str) -> None:
        self._device = device
        self._base = base
        self._topics: dict[str, bytes] = {}
        self._documents = 0
        self._state = 0
        self._again: list[Message] | None = None

    def event(self, one: SimEvent) -> list[Message]:
        """What is told at once, where anything is."""
        self._again = None
        match one.kind:
            case SimEventKind.STATE:
                self._state = int(one.values["code"])
                return self._messages([("state", self._state)])
            case SimEventKind.LIMITS:
                return self._messages(limits(int(one.values["pilot"])))
            case _:
                return []

    def document(self, now: float) -> list[Message]:
        """The periodic document of this moment."""
        if not self._idle(now):
            self._again = None
        self._documents += 1
        whole = self._documents % _WHOLE_EVERY == 1
        if self._again is not None and not whole:
            return self._again
        members = PERIODIC[SimDialect.NOFOS](self._device.view(now))
        if whole:
            return self._messages(members)
        messages = self._messages([(name, value) for name, value in members if name in _CORE])
        self._again = messages if self._idle(now) else None
        return messages

    def _idle(self, now: float) -> bool:
        booted = self._device.gateway.boot(now) is Boot.DONE
        return booted and self._state not in (0, CHARGING) and not self._device.is_frozen(now)

    def _messages(self, members: Members) -> list[Message]:
        return [(self._topic(name), payload(value).encode(), False) for name, value in members]

    def _topic(self, name: str) -> bytes:
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = f"{self._base}/{name}".encode()
        return topic
