"""Claims on base topics: which of a charger's two is its own, and when it has moved.

A second base that is announced for a charger is subscribed to as well as the first. The
charger has moved once the first is silent and the second publishes; while both publish, two
devices have one id, and the second's readings are discarded.
"""

from dataclasses import dataclass, field

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger, Claim
from bridge.core.discovery.subscriptions import SubscriptionChange
from bridge.core.discovery.topic_owners import TopicOwners
from bridge.core.model import Event, EventKind, Reason


@dataclass(slots=True)
class DiscoveryOutcome:
    """The result of a step: a label for its counter, chargers whose flags changed, events.

    `moves` are the claims that were added, removed or swapped. Chargers that `retired` are
    remembered without series; those `forgotten` are not. `unsaved` have a longer silence to save.
    """

    label: str
    touched: list[Charger] = field(default_factory=list)
    retired: list[Charger] = field(default_factory=list)
    forgotten: list[Charger] = field(default_factory=list)
    displaced: list[Charger] = field(default_factory=list)
    """Those of the forgotten that made room for another in a full fleet."""
    unsaved: list[Charger] = field(default_factory=list)
    changes: list[SubscriptionChange] = field(default_factory=list)
    moves: list[tuple[Charger, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Claims:
    """Decides on a charger's bases; `owners` holds all claims on all bases."""

    def __init__(self, stale_after: float) -> None:
        self._stale_after = stale_after
        self.owners = TopicOwners()

    def claim(self, charger: Charger, claim: Claim) -> None:
        """Make a base that is new for the charger its first, or its second."""
        for known in charger.claims():
            if known.base == claim.base:
                known.fresh = known.fresh or claim.fresh
                known.topic = claim.topic
                known.http = claim.http or known.http
                return
        if self.owners.crowded(claim.base):
            return
        if charger.claim is None:
            charger.claim = claim
        else:
            times = (charger.claim.heard_steady, charger.heard_steady)
            charger.claim.heard_steady = max((at for at in times if at is not None), default=None)
            old, charger.second = charger.second, None
            if old:
                self.owners.remove(charger, old.base)
            charger.second = claim
        self.owners.add(charger, claim.base)

    def receive_telemetry(
        self, charger: Charger, claim: Claim, now: Moment, outcome: DiscoveryOutcome
    ) -> Reason | None:
        claim.heard_steady = now.steady
        first, second = charger.claim, charger.second
        if claim is first:
            if second and second.fresh:
                second.fresh = False
                self.owners.reassess(second.base)
            self._detect_duplicate(charger, now, outcome)
            return None
        live = first is not None and not first.silent(now.steady, self._stale_after)
        if first and live and not self.owners.contested(first.base):
            self._detect_duplicate(charger, now, outcome)
            return Reason.DUPLICATE
        self.move(charger, now, outcome)
        return None

    def move(self, charger: Charger, now: Moment, outcome: DiscoveryOutcome) -> None:
        """Swap the two bases; the old one stays subscribed to, unless it is shared."""
        old, new = charger.claim, charger.second
        if old is None or new is None:
            return
        charger.claim, charger.second, charger.doubled = new, old, False
        charger.announce_topic = new.topic or charger.announce_topic
        old.http, charger.http = charger.http, new.http or charger.http
        old.fresh = new.fresh = False
        text = f"{old.base} -> {new.base}"
        outcome.label = "moved"
        outcome.touched.append(charger)
        outcome.events.append(Event(charger.id, now.unix, EventKind.MOVED, 0, text))
        if self.owners.shared(old.base):
            charger.second = None
            self.owners.remove(charger, old.base)
        self.owners.reassess(old.base)
        self.owners.reassess(new.base)
        outcome.moves += [(charger, old.base), (charger, new.base)]

    def collect(self, outcome: DiscoveryOutcome) -> DiscoveryOutcome:
        """Add to the outcome what the claims have changed meanwhile."""
        owners = self.owners
        outcome.changes += [c for c in owners.changes if c.subscribe or c.unsubscribe]
        outcome.touched += [c for c in owners.touched if not c.retired]
        outcome.moves += owners.moves
        owners.changes, owners.touched, owners.moves = [], [], []
        return outcome

    def _detect_duplicate(self, charger: Charger, now: Moment, outcome: DiscoveryOutcome) -> None:
        """While both bases publish, two devices have one id."""
        claims = charger.claims()
        if len(claims) < 2 or any(
            # A first base that fell silent before the second was announced has been left.
            c.heard_steady is None
            or c.heard_steady < claims[1].since_steady
            or now.steady - c.heard_steady >= self._stale_after
            for c in claims
        ):
            return
        if not charger.doubled:
            text = f"{claims[0].base} and {claims[1].base} both speak"
            outcome.events.append(Event(charger.id, now.unix, EventKind.DUPLICATE, 1, text))
            outcome.touched.append(charger)
        charger.doubled = True
