"""What an announcement changes: whether its charger is connected, its address, its name."""

from bridge.core.clock import Moment
from bridge.core.discovery.announcement import Announcement
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.claims import Claims, DiscoveryOutcome
from bridge.core.model import Event, EventKind


class AnnouncedPresence:
    """Applies announcements to chargers, and adds what follows to the outcome."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._owners = claims.owners

    def apply(
        self,
        charger: Charger,
        announcement: Announcement,
        *,
        retained: bool,
        now: Moment,
        outcome: DiscoveryOutcome,
    ) -> None:
        """Apply an announcement, or a greeting, of this charger."""
        if announcement.connected:
            self._connected(charger, announcement, retained, now, outcome)
        else:
            self._disconnected(charger, now, outcome)
        _rename(charger, announcement, now, outcome)

    def _connected(
        self,
        charger: Charger,
        announcement: Announcement,
        retained: bool,
        now: Moment,
        outcome: DiscoveryOutcome,
    ) -> None:
        charger.announced = True
        if not retained or not charger.announced_unix:
            charger.announced_unix = now.unix
            charger.silent_s = 0.0
        if charger.offline and not retained:
            charger.offline = False
            outcome.events.append(Event(charger.id, now.unix, EventKind.ONLINE))
        if announcement.base in {None, charger.base} or charger.base is None:
            charger.http = announcement.http or charger.http
        for claim in charger.claims():
            self._owners.reassess(claim.base)
        first = charger.claim
        if first and not retained and charger.second and self._owners.contested(first.base):
            self._claims.move(charger, now, outcome)

    def _disconnected(self, charger: Charger, now: Moment, outcome: DiscoveryOutcome) -> None:
        outcome.label = outcome.label if outcome.label == "new" else "disconnected"
        charger.announced = False
        if not charger.offline:
            charger.offline = True
            outcome.events.append(Event(charger.id, now.unix, EventKind.OFFLINE))
        for claim in charger.claims():
            self._owners.reassess(claim.base)


def _rename(
    charger: Charger, announcement: Announcement, now: Moment, outcome: DiscoveryOutcome
) -> None:
    if announcement.name is None or announcement.name == charger.name:
        return
    if charger.name is not None:
        text = f"{charger.name} -> {announcement.name}"
        outcome.events.append(Event(charger.id, now.unix, EventKind.RENAMED, 0, text))
        outcome.label = "renamed"
    charger.name = announcement.name
