"""What a message is: unrouted, an announcement, a greeting, ignored, or a charger's field."""

from collections.abc import Callable

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.model import ChargerId, Reason
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.telemetry import Telemetry

# What others send to a charger, and what it answers them: integration guide, "Inbound
# topics", and the command topics of OpenEVSE gateways.
COMMAND_ROOTS = frozenset({"rapi", "override", "claim", "limit", "schedule", "restart", "reset"})
COMMAND_ENDS = frozenset({"set", "clear", "in", "cmd"})
DOCUMENTS = frozenset(
    {"config", "claim", "claims", "override", "schedule", "limit", "status", "announce", "event"}
)
CONTROLLER = "rapi/"
GREETINGS = {b"connected": True, b"disconnected": False}

AnnouncementReceiver = Callable[[bytes, str, bool, Moment], None]
GreetingReceiver = Callable[[ChargerId, str, bool, Moment], None]
RapiObserver = Callable[[ChargerId, str, str, bytes, Moment], None]
"""Receives a live message: the charger, its base, the key below it, the payload."""


class UnroutedRoute:
    """A message that belongs to no charger that is followed."""

    __slots__ = ("_count",)
    reading = False
    charger = None

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        self._count()
        return None


class AnnounceRoute:
    """An announce topic."""

    __slots__ = ("_announced", "_topic")
    reading = False
    charger = None

    def __init__(self, topic: str, announced: AnnouncementReceiver) -> None:
        self._topic = topic
        self._announced = announced

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        self._announced(payload, self._topic, retained, now)
        return None


class GreetingRoute:
    """A base topic itself, where gateways that announce nothing say a plain word.

    It is no reading, for it is not below the base. Only said live it means something.
    """

    __slots__ = ("_base", "_greeted", "_nobody", "charger")
    reading = False

    def __init__(
        self, charger: ChargerId, base: str, greeted: GreetingReceiver, nobody: UnroutedRoute
    ) -> None:
        self.charger = charger
        self._base = base
        self._greeted = greeted
        self._nobody = nobody

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        connected = GREETINGS.get(payload)
        if connected is None or retained:
            return self._nobody.accept(payload, retained, now)
        self._greeted(self.charger, self._base, connected, now)
        return None


class IgnoredRoute:
    """A topic below a charger's base that carries no telemetry."""

    __slots__ = ("_reason", "charger")
    reading = True

    def __init__(self, charger: ChargerId, reason: Reason) -> None:
        self.charger = charger
        self._reason = reason

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if self._reason is not Reason.UNKNOWN_FIELD:
            return self._reason
        if payload[:1] in (b"{", b"["):
            return Reason.NOT_TELEMETRY
        return Reason.RETAINED if retained else Reason.UNKNOWN_FIELD


class RapiRoute:
    """What is asked of a charger's controller, or its answer, where somebody follows that."""

    __slots__ = ("_base", "_key", "_talked", "charger")
    reading = True

    def __init__(self, charger: ChargerId, base: str, key: str, talked: RapiObserver) -> None:
        self.charger = charger
        self._base = base
        self._key = key
        self._talked = talked

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if not retained:
            self._talked(self.charger, self._base, self._key, payload, now)
        return Reason.COMMAND


class FieldRoute:
    """A field of a charger, below one of its bases.

    Speed: there is one for each topic, and each message comes to another: it is kept so small
    that one line of the processor's cache holds it.
    """

    __slots__ = ("_base", "_channel", "_hear", "_telemetry")
    reading = True

    def __init__(
        self,
        telemetry: Telemetry,
        channel: Channel,
        base: str,
        hear: Callable[[Telemetry, str, Moment], Reason | None],
    ) -> None:
        self._telemetry = telemetry
        self._channel = channel
        self._base = base
        self._hear = hear

    @property
    def charger(self) -> ChargerId:
        """Whose it is."""
        return self._telemetry.charger.id

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if retained:
            return Reason.RETAINED
        telemetry = self._telemetry
        charger = telemetry.charger
        if charger.second is not None or charger.ambiguous or charger.offline:
            reason = self._check(charger, now)
            if reason is not None:
                return reason
        return telemetry.receive(self._channel, payload, now)

    def _check(self, charger: Charger, now: Moment) -> Reason | None:
        """It is not clear whose the message is, or it is the first after a last will."""
        if charger.second is not None or charger.ambiguous:
            reason = self._hear(self._telemetry, self._base, now)
            if reason is not None:
                return reason
        if charger.offline:
            self._telemetry.mark_up(now)
        return None


def ignored_because(key: str) -> Reason:
    """Why a key that the catalogue does not know carries no telemetry."""
    levels = key.split("/")
    if levels[0] == "rapi" or levels[-1] in COMMAND_ENDS:
        return Reason.COMMAND
    if len(levels) > 1 and levels[0] in COMMAND_ROOTS:
        return Reason.COMMAND
    return Reason.NOT_TELEMETRY if levels[0] in DOCUMENTS else Reason.UNKNOWN_FIELD
