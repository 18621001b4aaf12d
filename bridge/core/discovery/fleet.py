"""The fleet: all known chargers, and how announcements and telemetry change them.

An announcement is a hint, live telemetry is the proof. A charger is identified by its
announced id; a second base topic announced for it is subscribed to as well, and the charger
has moved once the first is silent and the second publishes. Readings below a base that two
ids claim cannot be attributed.
"""

from collections.abc import Iterable, Iterator

from bridge.core.clock import Moment
from bridge.core.discovery.announce_topics import AnnounceTopics
from bridge.core.discovery.announced_presence import AnnouncedPresence
from bridge.core.discovery.announcement import Announcement
from bridge.core.discovery.charger import Charger, Claim
from bridge.core.discovery.claims import Claims, DiscoveryOutcome
from bridge.core.discovery.config import IGNORED, FleetConfig
from bridge.core.discovery.members import Members
from bridge.core.model import ChargerId, Dialect, Event, EventKind, Reason


class Fleet:
    """All chargers by id. Only decides: the caller acts on what is returned."""

    def __init__(self, config: FleetConfig) -> None:
        self._config = config
        self._claims = Claims(config.stale_after)
        self._owners = self._claims.owners
        self._presence = AnnouncedPresence(self._claims)
        self._topics = AnnounceTopics()
        self.members = Members(config, self._claims, self._topics)
        self._chargers = self.members.chargers
        self.left_out: list[Charger] = []
        """Chargers of the state file for which there is no room; they stay in it."""

    def dialect_of(self, charger: ChargerId) -> Dialect:
        """The dialect of this charger."""
        return self._config.dialect_of(charger)

    def expected(self) -> bool:
        """Whether the broker should hold a retained announcement of any charger."""
        return any(charger.announced for charger in self)

    def __iter__(self) -> Iterator[Charger]:
        return iter(self._chargers.values())

    def __len__(self) -> int:
        return len(self._chargers)

    def get(self, charger: str) -> Charger | None:
        return self._chargers.get(ChargerId(charger))

    def filters(self) -> list[str]:
        """The topic filters that cover every claimed base."""
        return self._owners.filters()

    def owner(self, base: str) -> Charger | None:
        """The charger that owns this base, if any."""
        return self._owners.owner(base)

    def claimants(self, base: str) -> list[Charger]:
        """All chargers that claim exactly this base, as their first or second."""
        return self._owners.claimants(base)

    def announced_on(self, topic: str) -> bool:
        """Whether a charger was announced on this topic."""
        return bool(self._topics.named(topic))

    def restore(self, chargers: Iterable[Charger]) -> list[Charger]:
        """Add the chargers of the state file, before any announcement.

        Returns those that are ignored now, to be deleted. Chargers of other shards are left
        out and stay in the state file: they may return to this bridge.
        """
        ignored = []
        # Should there be too many now, those that have retired are left out first.
        for charger in sorted(chargers, key=lambda each: each.retired):
            label = self._config.not_ours(charger.id)
            if label == IGNORED:
                ignored.append(charger)
            elif label is None and self.members.full:
                self.left_out.append(charger)
            elif label is None:
                self.members.restore(charger)
        self._claims.collect(DiscoveryOutcome("restored"))
        return ignored

    def receive_announcement(
        self, announcement: Announcement, topic: str, *, retained: bool, now: Moment
    ) -> DiscoveryOutcome:
        """Apply an announcement that arrived on `topic`."""
        if label := self._config.not_ours(announcement.id):
            return DiscoveryOutcome(label)
        retired = self.members.retired.get(announcement.id)
        if retired and (retained or not announcement.connected):
            return self._remember(retired, announcement, topic, now)
        outcome = DiscoveryOutcome("known")
        charger = self._chargers.get(announcement.id)
        if charger is None:
            charger = self.members.admit(announcement.id, now, outcome)
        if charger is None:
            return self._claims.collect(DiscoveryOutcome("limit"))
        if not charger.announcements.acquire(now.steady):
            return self._claims.collect(DiscoveryOutcome("too_often"))
        outcome.touched.append(charger)
        self._topics.add(charger, topic)
        if announcement.base is not None and announcement.connected:
            claim = Claim(
                announcement.base, now.steady, topic, announcement.http, fresh=not retained
            )
            self._claims.claim(charger, claim)
        # A message retained on another topic may be years old: only its base is worth checking.
        if not retained or charger.announce_topic in {None, topic}:
            self._note_topic(charger, topic, now, outcome)
            self._presence.apply(charger, announcement, retained=retained, now=now, outcome=outcome)
        self._note_shared(now, outcome)
        return self._claims.collect(outcome)

    def receive_greeting(
        self, name: ChargerId, base: str, *, connected: bool, now: Moment
    ) -> DiscoveryOutcome:
        """Apply a plain-text greeting or last will on a base, from a gateway that sends no
        announcements. It is ignored on a base that is not the charger's alone."""
        charger = self.members.any(name) if connected else self._chargers.get(name)
        if charger is None or charger.base != base or self._owners.contested(base):
            return DiscoveryOutcome("greeting_unclear")
        if not charger.announcements.acquire(now.steady):
            return DiscoveryOutcome("too_often")
        outcome = DiscoveryOutcome("known", touched=[charger])
        if charger.retired:
            self.members.bring_back(charger)
        greeting = Announcement(name, connected)
        self._presence.apply(charger, greeting, retained=False, now=now, outcome=outcome)
        self._note_shared(now, outcome)
        return self._claims.collect(outcome)

    def clear_topic(self, topic: str) -> DiscoveryOutcome:
        """An operator cleared an announce topic: the chargers last announced there retire.

        Where only a second base was announced there, only that base is dropped.
        """
        outcome = DiscoveryOutcome("cleared_unknown")
        for charger in [*filter(None, map(self.members.any, self._topics.named(topic)))]:
            second = charger.second
            if charger.announce_topic == topic:
                outcome.label = "cleared"
                self.members.clear(charger, outcome)
            elif second and second.topic == topic:
                outcome.label = "cleared_second"
                charger.second = None
                self._owners.remove(charger, second.base)
        self._topics.clear(topic)
        return self._claims.collect(outcome)

    def receive_telemetry(
        self, charger: Charger, base: str, now: Moment
    ) -> tuple[Reason | None, DiscoveryOutcome]:
        """Check live telemetry of a charger with two bases, or below a contested base.

        Returns the reason to discard the reading (None: accept it), and the outcome.
        """
        outcome = DiscoveryOutcome("heard")
        claim = next((c for c in charger.claims() if c.base == base), None)
        if claim is None:
            return Reason.DUPLICATE, outcome
        if self._owners.contested(base):
            return Reason.AMBIGUOUS, outcome
        reason = self._claims.receive_telemetry(charger, claim, now, outcome)
        self._note_shared(now, outcome)
        return reason, self._claims.collect(outcome)

    def _remember(
        self, charger: Charger, announcement: Announcement, topic: str, now: Moment
    ) -> DiscoveryOutcome:
        """A retained announcement keeps a retired charger's base followed and its counters
        remembered; only a live one, or telemetry, brings its series back."""
        if announcement.connected:
            self.members.retired.announced(charger)
            self._topics.add(charger, topic)
            charger.announce_topic = charger.announce_topic or topic
            if announcement.base is not None:
                claim = Claim(announcement.base, now.steady, topic, announcement.http)
                self._claims.claim(charger, claim)
        return self._claims.collect(DiscoveryOutcome("remembered"))

    def _note_topic(
        self, charger: Charger, topic: str, now: Moment, outcome: DiscoveryOutcome
    ) -> None:
        charger.announce_topic = topic
        other = self._topics.alternates(charger.id, topic)
        if other is not None and charger.topic_rival.observe(other, now.unix):
            text = f"announce topic {topic[:120]} alternates with {other}"
            outcome.events.append(Event(charger.id, now.unix, EventKind.DUPLICATE, 1, text))

    def _note_shared(self, now: Moment, outcome: DiscoveryOutcome) -> None:
        """Report a base that two ids now claim: its readings cannot be attributed."""
        for charger in self._owners.touched:
            contest = self._owners.contest(charger)
            if contest is not None and charger.base_rival.observe(contest[1].id, now.unix):
                base, other = contest
                text = f"base {base[:120]} is claimed by {other.id} too"
                outcome.events.append(Event(charger.id, now.unix, EventKind.DUPLICATE, 1, text))
