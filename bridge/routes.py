"""What a message is, told from its topic: an announcement, a charger's field, or noise."""

from collections.abc import Callable

from bridge.core.announce import LONGEST_BASE, matches
from bridge.core.channel import Channel
from bridge.core.charger import Charger
from bridge.core.claims import Outcome
from bridge.core.clock import Moment
from bridge.core.fleet import Fleet
from bridge.core.model import ChargerId, Reason
from bridge.core.track import Track
from bridge.pipeline import Route

# What others send to a charger, and what it answers them: integration guide, "Inbound
# topics", and the command topics of OpenEVSE gateways.
COMMAND_ROOTS = frozenset({"rapi", "override", "claim", "limit", "schedule", "restart", "reset"})
COMMAND_ENDS = frozenset({"set", "clear", "in", "cmd"})
DOCUMENTS = frozenset(
    {"config", "claim", "claims", "override", "schedule", "limit", "status", "announce", "event"}
)
MOST_UNKNOWN = 64
LONGEST_KEPT = 512

Announced = Callable[[bytes, str, bool, Moment], None]


class Nobody:
    """A message that belongs to no charger that is followed."""

    __slots__ = ("_count",)
    reading = False
    charger = None

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count

    def take(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        self._count()
        return None


class AnnounceRoute:
    """An announce topic."""

    __slots__ = ("_announced", "_topic")
    reading = False
    charger = None

    def __init__(self, topic: str, announced: Announced) -> None:
        self._topic = topic
        self._announced = announced

    def take(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        self._announced(payload, self._topic, retained, now)
        return None


class Noise:
    """A topic below a charger's base that carries no telemetry."""

    __slots__ = ("_reason", "charger")
    reading = True

    def __init__(self, charger: ChargerId, reason: Reason) -> None:
        self.charger = charger
        self._reason = reason

    def take(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if self._reason is not Reason.UNKNOWN_FIELD:
            return self._reason
        if payload[:1] in (b"{", b"["):
            return Reason.NOT_TELEMETRY
        return Reason.RETAINED if retained else Reason.UNKNOWN_FIELD


class Field:
    """A field of a charger, below one of its bases."""

    __slots__ = ("_base", "_channel", "_charger", "_hear", "_take", "_track", "charger")
    reading = True

    def __init__(
        self,
        track: Track,
        channel: Channel,
        base: str,
        hear: Callable[[Track, str, Moment], Reason | None],
    ) -> None:
        self._track = track
        self._channel = channel
        self._base = base
        self._hear = hear
        self._charger = track.charger
        self.charger = track.charger.id
        self._take = track.take

    def take(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        if retained:
            return Reason.RETAINED
        charger = self._charger
        if charger.second is not None or charger.ambiguous or charger.offline:
            reason = self._odd(charger, now)
            if reason is not None:
                return reason
        return self._take(self._channel, payload, now)

    def _odd(self, charger: Charger, now: Moment) -> Reason | None:
        """It is not clear whose the message is, or it is the first after a last will."""
        if charger.second is not None or charger.ambiguous:
            reason = self._hear(self._track, self._base, now)
            if reason is not None:
                return reason
        if charger.offline:
            self._track.rise(now)
        return None


class Routes:
    """All routes by raw topic, and how a new one is found: the longest base wins."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        tracks: dict[ChargerId, Track],
        announce_topics: tuple[str, ...],
        announced: Announced,
        unrouted: Callable[[], None],
        told: Callable[[Outcome], None],
    ) -> None:
        self.routes: dict[bytes, Route] = {}
        self._fleet = fleet
        self._tracks = tracks
        self._announce_topics = announce_topics
        self._announced = announced
        self._nobody = Nobody(unrouted)
        self._told = told
        self._learned: dict[ChargerId, list[bytes]] = {}
        self._unknown: dict[ChargerId, int] = {}

    def learn(self, topic: bytes) -> Route:
        """The route of a topic not heard before; kept if there is room for it."""
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            return self._nobody
        if any(matches(wanted, name) for wanted in self._announce_topics):
            fits = len(topic) <= LONGEST_BASE
            return AnnounceRoute(name, self._announced) if fits else self._nobody
        end = name.rfind("/", 0, LONGEST_BASE + 1)
        while end > 0:
            charger = self._fleet.speaker(name[:end])
            if charger is not None:
                return self._below(self._tracks[charger.id], name[:end], name[end + 1 :], topic)
            end = name.rfind("/", 0, end)
        return self._nobody

    def forget(self, charger: ChargerId) -> None:
        """Learn this charger's topics anew: its bases, or whose they are, changed."""
        for topic in self._learned.pop(charger, ()):
            self.routes.pop(topic, None)
        self._unknown.pop(charger, None)

    def forget_above(self, base: str) -> None:
        """A base came or went: what the bases around it learned may be somebody else's."""
        end = len(base)
        while end > 0:
            for charger in self._fleet.claimants(base[:end]):
                self.forget(charger.id)
            end = base.rfind("/", 0, end)

    def _below(self, track: Track, base: str, key: str, topic: bytes) -> Route:
        charger = track.charger.id
        channel = track.channel(key)
        if channel is not None:
            route: Route = Field(track, channel, base, self._hear)
        else:
            route = Noise(charger, _noise(key))
            self._unknown[charger] = self._unknown.get(charger, 0) + 1
            if self._unknown[charger] > MOST_UNKNOWN or len(topic) > LONGEST_KEPT:
                return route
        self.routes[topic] = route
        self._learned.setdefault(charger, []).append(topic)
        return route

    def _hear(self, track: Track, base: str, now: Moment) -> Reason | None:
        reason, outcome = self._fleet.hear(track.charger, base, now)
        if outcome.events or outcome.changes or outcome.touched:
            self._told(outcome)
        return reason


def _noise(key: str) -> Reason:
    levels = key.split("/")
    if levels[0] == "rapi" or levels[-1] in COMMAND_ENDS:
        return Reason.COMMAND
    if len(levels) > 1 and levels[0] in COMMAND_ROOTS:
        return Reason.COMMAND
    return Reason.NOT_TELEMETRY if levels[0] in DOCUMENTS else Reason.UNKNOWN_FIELD
