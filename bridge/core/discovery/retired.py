"""Chargers that retired: they have no series, but their counters are remembered for a while.

The base of one that fell silent stays subscribed to, so that it returns when it speaks. An
announcement that the broker retains keeps it remembered.
"""

from collections.abc import Iterator

from bridge.core.discovery.announce_topics import AnnounceTopics
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.claims import DiscoveryOutcome
from bridge.core.discovery.silence import observe_silence
from bridge.core.discovery.topic_owners import TopicOwners
from bridge.core.model import ChargerId

ASK_SECONDS = 3600.0
"""How often the announce topics are subscribed to again while a charger is not followed."""


class RetiredChargers:
    """The retired chargers by id, the one that retired first first."""

    def __init__(self, owners: TopicOwners, topics: AnnounceTopics, retire_after: float) -> None:
        self._owners = owners
        self._topics = topics
        self._retire_after = retire_after
        self._chargers: dict[ChargerId, Charger] = {}

    def __len__(self) -> int:
        return len(self._chargers)

    def __iter__(self) -> Iterator[Charger]:
        return iter(self._chargers.values())

    def get(self, charger: ChargerId) -> Charger | None:
        return self._chargers.get(charger)

    def add(self, charger: Charger) -> None:
        """It retired: it contests no base from now on."""
        charger.retired, charger.silent_s = True, max(charger.silent_s, self._retire_after)
        self._chargers[charger.id] = charger
        for claim in charger.claims():
            self._owners.reassess(claim.base)

    def pop(self, charger: Charger) -> None:
        """It returned."""
        charger.retired, charger.silent_s = False, 0.0
        self._chargers.pop(charger.id, None)
        for claim in charger.claims():
            self._owners.reassess(claim.base)

    def announced(self, charger: Charger) -> None:
        """The broker still has its announcement: it is remembered as long as at first."""
        charger.silent_s = min(charger.silent_s, self._retire_after)

    def drop_bases(self, charger: Charger) -> None:
        """Follow its bases no longer."""
        claims, charger.claim, charger.second = charger.claims(), None, None
        for claim in claims:
            self._owners.remove(charger, claim.base)

    def forget_first(self, outcome: DiscoveryOutcome) -> bool:
        """Forget the one that retired first, to make room; False where there is none."""
        for charger in self._chargers.values():
            self._forget(charger, outcome)
            return True
        return False

    def sweep(self, listened: float, outcome: DiscoveryOutcome) -> None:
        """Forget those whose time is over; the silence of the others is to be saved."""
        most = self._retire_after + max(self._retire_after, 2 * ASK_SECONDS)
        for charger in list(self._chargers.values()):
            observe_silence(charger, listened)
            if charger.silent_s >= most:
                self._forget(charger, outcome)
            else:
                outcome.unsaved.append(charger)

    def _forget(self, charger: Charger, outcome: DiscoveryOutcome) -> None:
        del self._chargers[charger.id]
        self._topics.remove(charger)
        self.drop_bases(charger)
        outcome.forgotten.append(charger)
