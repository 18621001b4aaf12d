"""Claims on base topics: which of a charger's two is its own, and when it has moved.

A second base that is announced for a charger is followed beside the first. The charger has
moved once the first is silent and the second speaks; while both speak, two devices carry
one id, and the second's readings are not believed.
"""

from dataclasses import dataclass, field

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger, Claim
from bridge.core.discovery.subscriptions import SubscriptionChange
from bridge.core.discovery.topic_owners import TopicOwners
from bridge.core.model import Event, EventKind, Reason


@dataclass(slots=True)
class DiscoveryOutcome:
    """What something led to: a counter's label, whose flags changed, what to tell.

    `moves` are the claims on bases that came, went or changed places.
    """

    label: str
    touched: list[Charger] = field(default_factory=list)
    retired: list[Charger] = field(default_factory=list)
    changes: list[SubscriptionChange] = field(default_factory=list)
    moves: list[tuple[Charger, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Claims:
    """Decides on a charger's bases; `bases` knows whose each one is."""

    def __init__(self, stale_after: float) -> None:
        self._stale_after = stale_after
        self.owners = TopicOwners()

    def claim(self, charger: Charger, claim: Claim) -> None:
        """A base that is new for the charger becomes its first, or its second."""
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
            heard = (charger.claim.heard_steady, charger.heard_steady)
            charger.claim.heard_steady = max((at for at in heard if at is not None), default=None)
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
            self._notice_double(charger, now, outcome)
            return None
        waits = first is not None and not first.silent(now.steady, self._stale_after)
        if first and waits and not self.owners.contested(first.base):
            self._notice_double(charger, now, outcome)
            return Reason.DUPLICATE
        self.move(charger, now, outcome)
        return None

    def move(self, charger: Charger, now: Moment, outcome: DiscoveryOutcome) -> None:
        """The second base is the charger's now; the first stays followed, unless shared."""
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

    def _notice_double(self, charger: Charger, now: Moment, outcome: DiscoveryOutcome) -> None:
        """Both bases speak: two devices carry one id."""
        claims = charger.claims()
        if len(claims) < 2 or any(
            # A first base that fell silent before the second was announced was left.
            c.heard_steady is None
            or c.heard_steady < claims[1].since_steady
            or now.steady - c.heard_steady >= self._stale_after
            for c in claims
        ):
            return
        if not charger.doubled:
            text = f"{claims[0].base} and {claims[1].base} both speak"
            outcome.events.append(Event(charger.id, now.unix, EventKind.DUPLICATE, 0, text))
            outcome.touched.append(charger)
        charger.doubled = True
