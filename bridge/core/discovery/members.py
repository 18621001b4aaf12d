"""Which chargers are followed, and which have retired: admission, retirement and return."""

from bridge.core.clock import Moment
from bridge.core.discovery.announce_topics import AnnounceTopics
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.claims import Claims, DiscoveryOutcome
from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.retired import RetiredChargers
from bridge.core.discovery.silence import observe_silence, save_due
from bridge.core.model import ChargerId


class Members:
    """`chargers` are followed, `retired` remembered; together they are at most `config.most`."""

    def __init__(self, config: FleetConfig, claims: Claims, topics: AnnounceTopics) -> None:
        self._config = config
        self._claims = claims
        self._topics = topics
        self.chargers: dict[ChargerId, Charger] = {}
        self.retired = RetiredChargers(claims.owners, topics, config.retire_after)
        self._unheard: dict[ChargerId, None] = {}
        self._refused = False
        """An announced charger is not followed, because there are too many."""

    @property
    def full(self) -> bool:
        return len(self.chargers) + len(self.retired) >= self._config.most

    def any(self, charger: ChargerId) -> Charger | None:
        """The charger, followed or retired."""
        return self.chargers.get(charger) or self.retired.get(charger)

    def restore(self, charger: Charger) -> None:
        """Add a charger of the state file."""
        if charger.retired:
            self.retired.add(charger)
        else:
            self.chargers[charger.id] = charger
            if not charger.heard_unix:
                self._unheard[charger.id] = None
        self._topics.add(charger, charger.announce_topic)
        for claim in charger.claims():
            self._claims.owners.add(charger, claim.base)

    def admit(self, id_: ChargerId, now: Moment, outcome: DiscoveryOutcome) -> Charger | None:
        """The charger that was announced live, or is new; None where there is no room."""
        charger = self.retired.get(id_)
        if charger is not None:
            self.bring_back(charger)
            outcome.label = "returned"
            return charger
        if self.full and not self._make_room(outcome):
            return None
        charger = Charger(id_, self._config.dialect_of(id_), first_unix=now.unix)
        self.chargers[id_] = charger
        self._unheard[id_] = None
        outcome.label = "new"
        return charger

    def retire(self, charger: Charger, outcome: DiscoveryOutcome) -> None:
        """Its series go; its counters and its bases stay."""
        self.chargers.pop(charger.id, None)
        self._unheard.pop(charger.id, None)
        self.retired.add(charger)
        outcome.retired.append(charger)

    def clear(self, charger: Charger, outcome: DiscoveryOutcome) -> None:
        """Its announcement was cleared: it retires, and its bases are followed no longer."""
        if not charger.retired:
            self.retire(charger, outcome)
        self.retired.drop_bases(charger)
        self._topics.remove(charger)
        charger.topics.clear()
        charger.announce_topic, charger.announced = None, False
        outcome.unsaved.append(charger)

    def bring_back(self, charger: Charger) -> None:
        """A retired charger speaks, or is announced live."""
        self.retired.pop(charger)
        self.chargers[charger.id] = charger
        if not charger.heard_unix:
            self._unheard[charger.id] = None

    def observe_silence(self, charger: Charger, listened: float) -> DiscoveryOutcome | None:
        """Add to its silence what the bridge listened since the last call; what follows, if
        anything: it retires after `retire_after` of silence, or its silence is to be saved."""
        before, after = charger.silent_s, self._config.retire_after
        observe_silence(charger, listened)
        if charger.silent_s >= after:
            outcome = DiscoveryOutcome("retired")
            self.retire(charger, outcome)
            return self._claims.collect(outcome)
        if save_due(before, charger.silent_s, after):
            return DiscoveryOutcome("silent", unsaved=[charger])
        return None

    def receive_return(self, charger: Charger) -> DiscoveryOutcome:
        """A retired charger speaks: it is followed again."""
        self.bring_back(charger)
        return self._claims.collect(DiscoveryOutcome("returned", touched=[charger]))

    def sweep_retired(self, listened: float) -> DiscoveryOutcome:
        """Forget the chargers that retired long ago."""
        outcome = DiscoveryOutcome("forgotten")
        self.retired.sweep(listened, outcome)
        return self._claims.collect(outcome)

    def must_ask(self) -> bool:
        """Whether an announced charger may not be followed, so that the announce topics are
        worth subscribing to again; the answers show whether that is still so."""
        refused, self._refused = self._refused, False
        return refused or len(self.retired) > 0

    def _make_room(self, outcome: DiscoveryOutcome) -> bool:
        """Anyone may announce ids without end: chargers that never published make room first,
        then those that retired."""
        self._refused = True
        while self._unheard:
            id_ = next(iter(self._unheard))
            del self._unheard[id_]
            charger = self.chargers.get(id_)
            if charger and charger.heard_steady is None:
                self._forget(charger, outcome)
                outcome.displaced.append(charger)
                return True
        return self.retired.forget_first(outcome)

    def _forget(self, charger: Charger, outcome: DiscoveryOutcome) -> None:
        self.chargers.pop(charger.id, None)
        self._topics.remove(charger)
        for claim in charger.claims():
            self._claims.owners.remove(charger, claim.base)
        outcome.forgotten.append(charger)
