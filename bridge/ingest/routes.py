"""The kinds of routes: unrouted, announcement or both, greeting, ignored, query, or a field."""

from collections.abc import Callable

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import reads_as_announcement
from bridge.core.discovery.charger import Charger
from bridge.core.model import ChargerId, Reason
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.pipeline import Route

# What other clients send to a charger, and its answers: integration guide, "Inbound topics",
# and the command topics of OpenEVSE gateways.
COMMAND_ROOTS = frozenset({"rapi", "override", "claim", "limit", "schedule", "restart", "reset"})
COMMAND_ENDS = frozenset({"set", "clear", "in", "cmd"})
DOCUMENTS = frozenset(
    {"config", "claim", "claims", "override", "schedule", "limit", "status", "announce", "event"}
)
CONTROLLER = "rapi/"
GREETINGS = {b"connected": True, b"disconnected": False}

AnnouncementReceiver = Callable[[bytes, str, bool, Moment], None]
AnnouncedOn = Callable[[str], bool]
GreetingReceiver = Callable[[ChargerId, str, bool, Moment], None]
RapiObserver = Callable[[ChargerId, str, str, bytes, Moment], None]
"""Receives a live message: the charger, its base, the key below it, the payload."""


class UnroutedRoute:
    """A topic that belongs to no followed charger."""

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

    __slots__ = ("_receive", "_topic")
    reading = False
    charger = None

    def __init__(self, topic: str, receive: AnnouncementReceiver) -> None:
        self._topic = topic
        self._receive = receive

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        self._receive(payload, self._topic, retained, now)
        return None


class OverlapRoute:
    """A topic at or below a charger's base that an announce filter covers, too.

    What reads as an announcement is one, and so is an empty message on a topic that announced
    a charger. Everything else is telemetry; `reading` is about the last message.
    """

    __slots__ = ("_announce", "_announced_on", "_telemetry", "_topic", "charger", "reading")

    def __init__(
        self, topic: str, announce: AnnounceRoute, telemetry: Route, announced_on: AnnouncedOn
    ) -> None:
        self._topic = topic
        self._announce = announce
        self._telemetry = telemetry
        self._announced_on = announced_on
        self.charger = telemetry.charger
        self.reading = telemetry.reading

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        announces = reads_as_announcement(payload) if payload else self._announced_on(self._topic)
        route: Route = self._announce if announces else self._telemetry
        self.reading = route.reading
        return route.accept(payload, retained, now)


class GreetingRoute:
    """A base topic itself, on which gateways that do not announce publish a greeting.

    It is not a reading, because it is not below the base. Only a live greeting counts.
    """

    __slots__ = ("_base", "_receive", "_unrouted", "charger")
    reading = False

    def __init__(
        self, charger: ChargerId, base: str, receive: GreetingReceiver, unrouted: UnroutedRoute
    ) -> None:
        self.charger = charger
        self._base = base
        self._receive = receive
        self._unrouted = unrouted

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        connected = GREETINGS.get(payload)
        if connected is None or retained:
            return self._unrouted.accept(payload, retained, now)
        self._receive(self.charger, self._base, connected, now)
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
    """A query to a charger's controller, or the answer, where queries are on."""

    __slots__ = ("_base", "_key", "_observe", "charger")
    reading = True

    def __init__(self, charger: ChargerId, base: str, key: str, observe: RapiObserver) -> None:
        self.charger = charger
        self._base = base
        self._key = key
        self._observe = observe

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if not retained:
            self._observe(self.charger, self._base, self._key, payload, now)
        return Reason.COMMAND


class RetiredRoute:
    """A field of a charger that has retired: the first live message brings it back."""

    __slots__ = ("_charger", "_find", "_return", "_topic")
    reading = True

    def __init__(
        self,
        charger: Charger,
        topic: bytes,
        bring_back: Callable[[Charger], None],
        find: Callable[[bytes], Route],
    ) -> None:
        self._charger = charger
        self._topic = topic
        self._return = bring_back
        self._find = find

    @property
    def charger(self) -> ChargerId:
        """The charger that the field belongs to."""
        return self._charger.id

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if retained:
            return Reason.RETAINED
        if self._charger.retired:
            self._return(self._charger)
        return self._find(self._topic).accept(payload, retained, now)


class FieldRoute:
    """A field of a charger, below one of its bases.

    Speed: there is one for each topic, and consecutive messages use different ones: it is so
    small that it fits into one cache line.
    """

    __slots__ = ("_base", "_channel", "_check_owner", "_telemetry")
    reading = True

    def __init__(
        self,
        telemetry: Telemetry,
        channel: Channel,
        base: str,
        check_owner: Callable[[Telemetry, str, Moment], Reason | None],
    ) -> None:
        self._telemetry = telemetry
        self._channel = channel
        self._base = base
        self._check_owner = check_owner

    @property
    def charger(self) -> ChargerId:
        """The charger that the field belongs to."""
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
        """The message's charger is in doubt, or it is the first message after a last will."""
        if charger.second is not None or charger.ambiguous:
            reason = self._check_owner(self._telemetry, self._base, now)
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
