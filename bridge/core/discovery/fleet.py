"""The fleet: who is in it, and what an announcement changes.

An announcement is a hint, fresh telemetry is the proof. A charger is its announced id; a
second base topic announced for it is followed beside the first, and the charger has moved
once the first is silent and the second speaks. What two ids claim cannot be attributed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import Announcement
from bridge.core.discovery.charger import Charger, Claim
from bridge.core.discovery.claims import Claims, Outcome
from bridge.core.discovery.shard import owner
from bridge.core.model import ChargerId, Dialect, Event, EventKind, Reason

TOPICS_PER_CHARGER = 4
MOST_SPEAKERS = 10_000
IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of the fleet; durations in seconds."""

    dialect: Dialect = Dialect.NOFOS
    dialects: Mapping[ChargerId, Dialect] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    stale_after: float = 120.0
    silent_after: float = 75.0
    retire_after: float = 7 * 86400.0
    most: int = 100_000
    shard: int = 0
    shards: int = 1

    def dialect_of(self, charger: ChargerId) -> Dialect:
        """What this charger speaks."""
        return self.dialects.get(charger, self.dialect)


class Fleet:
    """All chargers by id. Decides and returns; does nothing itself."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._chargers: dict[ChargerId, Charger] = {}
        self._claims = Claims(rules.stale_after)
        self._bases = self._claims.bases
        self._speakers: dict[str, tuple[ChargerId, ChargerId | None]] = {}
        self._strangers: dict[ChargerId, None] = {}
        self._named: dict[str, dict[ChargerId, None]] = {}

    def expected(self) -> bool:
        """Whether the broker should be keeping an announcement of one of them."""
        return any(charger.announced for charger in self)

    def __iter__(self) -> Iterator[Charger]:
        return iter(self._chargers.values())

    def __len__(self) -> int:
        return len(self._chargers)

    def get(self, charger: str) -> Charger | None:
        return self._chargers.get(ChargerId(charger))

    def filters(self) -> list[str]:
        """The subscriptions that hear every followed base."""
        return self._bases.filters()

    def speaker(self, base: str) -> Charger | None:
        """Whose readings come below this base; None for nobody's."""
        return self._bases.speaker(base)

    def claimants(self, base: str) -> list[Charger]:
        """All who claim this very base, as their first or their second."""
        return self._bases.claimants(base)

    def restore(self, chargers: Iterable[Charger]) -> list[Charger]:
        """Take in what the state file remembers, before anything is announced.

        Returns who is ignored now, to be forgotten. Chargers of other shards are left out and
        stay remembered: they may be this bridge's again.
        """
        ignored = []
        for charger in chargers:
            label = self._mine(charger.id)
            if label == IGNORED:
                ignored.append(charger)
            elif label is None and len(self._chargers) < self._rules.most:
                self._chargers[charger.id] = charger
                if not charger.heard_at:
                    self._strangers[charger.id] = None
                self._index(charger, charger.announce_topic)
                for claim in charger.claims():
                    self._bases.own(charger, claim.base)
        self._collect(Outcome("restored"))
        return ignored

    def announce(self, said: Announcement, topic: str, *, retained: bool, now: Moment) -> Outcome:
        """Take an announcement that arrived on `topic`."""
        if label := self._mine(said.id):
            return Outcome(label)
        outcome = Outcome("known")
        charger = self._chargers.get(said.id) or self._admit(said, now, outcome)
        if charger is None:
            return self._collect(Outcome("limit"))
        if not charger.allowance.acquire(now.steady):
            return self._collect(Outcome("too_often"))
        outcome.touched.append(charger)
        self._index(charger, topic)
        if said.base is not None and said.connected:
            claim = Claim(said.base, now.steady, topic, said.http, fresh=not retained)
            self._claims.claim(charger, claim)
        # What another topic retains may be years old; only its base may yet prove true.
        if not retained or charger.announce_topic in {None, topic}:
            self._note_topic(charger, topic, now, outcome)
            if said.connected:
                self._connected(charger, said, retained, now, outcome)
            else:
                self._disconnected(charger, now, outcome)
            _rename(charger, said, now, outcome)
        self._note_shared(now, outcome)
        return self._collect(outcome)

    def greet(self, name: ChargerId, base: str, *, connected: bool, now: Moment) -> Outcome:
        """Take a plain word on a base: the greeting, or the last will, of a gateway that
        announces nothing. On a base that is not the charger's alone, it says nothing."""
        charger = self._chargers.get(name)
        if charger is None or charger.base != base or self._bases.contested(base):
            return Outcome("greeting_unclear")
        if not charger.allowance.acquire(now.steady):
            return Outcome("too_often")
        outcome = Outcome("known", touched=[charger])
        if connected:
            self._connected(charger, Announcement(name, True), False, now, outcome)
        else:
            self._disconnected(charger, now, outcome)
        self._note_shared(now, outcome)
        return self._collect(outcome)

    def clear(self, topic: str) -> Outcome:
        """An operator cleared an announce topic: who was announced there last retires.

        Where only a second base was announced there, that base alone is let go.
        """
        outcome = Outcome("cleared_unknown")
        named = self._named.get(topic, {})
        for charger in [self._chargers[each] for each in named if each in self._chargers]:
            second = charger.second
            if charger.announce_topic == topic:
                outcome.label = "cleared"
                self._forget(charger, outcome)
            elif second and second.topic == topic:
                outcome.label = "cleared_second"
                charger.second = None
                self._bases.disown(charger, second.base)
        self._speakers.pop(topic, None)
        return self._collect(outcome)

    def retire(self, charger: Charger) -> Outcome:
        """Forget a charger and let go of its base topics."""
        outcome = Outcome("retired")
        self._forget(charger, outcome)
        return self._collect(outcome)

    def expired(self, charger: Charger, now: Moment) -> bool:
        """Silent for retire_after on the wall's clock, and not just by a step of it."""
        last = max(charger.told_at, charger.announced_at, charger.first_at)
        spoke = max(charger.heard or -inf, charger.polled or -inf)
        recently = now.steady - spoke < self._rules.stale_after
        return now.wall - last >= self._rules.retire_after and not recently

    def hear(self, charger: Charger, base: str, now: Moment) -> tuple[Reason | None, Outcome]:
        """Live telemetry of a charger with two bases, or of a contested one.

        Returns why the reading must be discarded (None: believe it) and what follows.
        """
        outcome = Outcome("heard")
        claim = next((c for c in charger.claims() if c.base == base), None)
        if claim is None:
            return Reason.DUPLICATE, outcome
        if self._bases.contested(base):
            return Reason.AMBIGUOUS, outcome
        reason = self._claims.speak(charger, claim, now, outcome)
        self._note_shared(now, outcome)
        return reason, self._collect(outcome)

    def _mine(self, charger: ChargerId) -> str | None:
        """None for a charger to follow, else the label that says why not."""
        if charger in self._rules.ignore:
            return IGNORED
        if owner(charger, self._rules.shards) != self._rules.shard:
            return "other_shard"
        return None

    def _admit(self, said: Announcement, now: Moment, outcome: Outcome) -> Charger | None:
        if len(self._chargers) >= self._rules.most and not self._make_room(outcome):
            return None
        charger = Charger(said.id, self._rules.dialect_of(said.id), first_at=now.wall)
        self._chargers[said.id] = charger
        self._strangers[said.id] = None
        outcome.label = "new"
        return charger

    def _make_room(self, outcome: Outcome) -> bool:
        """A stranger may announce ids without end; who never spoke makes room first."""
        while self._strangers:
            stranger = next(iter(self._strangers))
            del self._strangers[stranger]
            charger = self._chargers.get(stranger)
            if charger and charger.heard is None:
                self._forget(charger, outcome)
                return True
        return False

    def _note_topic(self, charger: Charger, topic: str, now: Moment, outcome: Outcome) -> None:
        """Two ids that take turns on one announce topic share a client id or a name."""
        charger.announce_topic = topic
        if len(self._speakers) > MOST_SPEAKERS:
            self._speakers.clear()
        last, before = self._speakers.get(topic, (charger.id, None))
        if last == charger.id:
            self._speakers[topic] = (last, before)
            return
        self._speakers[topic] = (charger.id, last)
        if before == charger.id and charger.turns.anew(last, now.wall):
            text = f"announce topic {topic[:120]} alternates with {last}"
            outcome.events.append(Event(charger.id, now.wall, EventKind.DUPLICATE, 0, text))

    def _note_shared(self, now: Moment, outcome: Outcome) -> None:
        """Two ids began to claim one base: nobody's readings there can be attributed."""
        for charger in self._bases.touched:
            contest = self._bases.contest(charger)
            if contest is not None and charger.sharing.anew(contest[1].id, now.wall):
                base, other = contest
                text = f"base {base[:120]} is claimed by {other.id} too"
                outcome.events.append(Event(charger.id, now.wall, EventKind.DUPLICATE, 0, text))

    def _connected(
        self, charger: Charger, said: Announcement, retained: bool, now: Moment, outcome: Outcome
    ) -> None:
        charger.announced = True
        if not retained or not charger.announced_at:
            charger.announced_at = now.wall
        if charger.offline and not retained:
            charger.offline = False
            outcome.events.append(Event(charger.id, now.wall, EventKind.ONLINE))
        if said.base in {None, charger.base} or charger.base is None:
            charger.http = said.http or charger.http
        for claim in charger.claims():
            self._bases.judge(claim.base)
        first = charger.claim
        if first and not retained and charger.second and self._bases.contested(first.base):
            self._claims.move(charger, now, outcome)

    def _disconnected(self, charger: Charger, now: Moment, outcome: Outcome) -> None:
        outcome.label = outcome.label if outcome.label == "new" else "disconnected"
        charger.announced = False
        if not charger.offline:
            charger.offline = True
            outcome.events.append(Event(charger.id, now.wall, EventKind.OFFLINE))
        for claim in charger.claims():
            self._bases.judge(claim.base)

    def _index(self, charger: Charger, topic: str | None) -> None:
        """Remember the last few topics that named a charger, to find it by them."""
        if topic is None or topic in charger.topics:
            return
        self._named.setdefault(topic, {})[charger.id] = None
        charger.topics.append(topic)
        if len(charger.topics) > TOPICS_PER_CHARGER:
            self._leave(charger, charger.topics.pop(0))

    def _leave(self, charger: Charger, topic: str) -> None:
        named = self._named.get(topic, {})
        named.pop(charger.id, None)
        if not named:
            self._named.pop(topic, None)

    def _forget(self, charger: Charger, outcome: Outcome) -> None:
        self._chargers.pop(charger.id, None)
        self._strangers.pop(charger.id, None)
        for topic in charger.topics:
            self._leave(charger, topic)
        for claim in charger.claims():
            self._bases.disown(charger, claim.base)
        outcome.retired.append(charger)

    def _collect(self, outcome: Outcome) -> Outcome:
        """Hand over what the claims on bases changed meanwhile."""
        outcome.changes += [c for c in self._bases.changes if c.subscribe or c.unsubscribe]
        outcome.touched += self._bases.touched
        outcome.moves += self._bases.moves
        self._bases.changes, self._bases.touched, self._bases.moves = [], [], []
        return outcome


def _rename(charger: Charger, said: Announcement, now: Moment, outcome: Outcome) -> None:
    if said.name is None or said.name == charger.name:
        return
    if charger.name is not None:
        text = f"{charger.name} -> {said.name}"
        outcome.events.append(Event(charger.id, now.wall, EventKind.RENAMED, 0, text))
        outcome.label = "renamed"
    charger.name = said.name
