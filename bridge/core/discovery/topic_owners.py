"""Which base topic belongs to which charger, and which is claimed by two ids.

A charger contests a base if it is announced as connected and the base is its first, or if it
announced the base live and has published nothing elsewhere since. Old, silent claims do not
make another charger's readings ambiguous.
"""

from dataclasses import dataclass, field

from bridge.core.discovery.charger import Charger
from bridge.core.discovery.subscriptions import SubscriptionChange, Subscriptions

MOST_CLAIMANTS = 16


@dataclass(slots=True)
class TopicOwners:
    """All claims on all bases.

    Collects until its caller fetches them: subscription changes, chargers whose flags
    changed, and claims that were added, removed or swapped.
    """

    changes: list[SubscriptionChange] = field(default_factory=list)
    touched: list[Charger] = field(default_factory=list)
    moves: list[tuple[Charger, str]] = field(default_factory=list)
    _owners: dict[str, list[Charger]] = field(default_factory=dict)
    _contested: set[str] = field(default_factory=set)
    _subscriptions: Subscriptions = field(default_factory=Subscriptions)

    def filters(self) -> list[str]:
        """The topic filters that cover every claimed base."""
        return self._subscriptions.filters()

    def owner(self, base: str) -> Charger | None:
        """The charger that owns a base, if any; of a contested base, any claimant."""
        owners = self._owners.get(base)
        if not owners:
            return None
        return max(
            owners,
            key=lambda c: (not c.retired, c.base == base and c.announced, c.base == base),
        )

    def claimants(self, base: str) -> list[Charger]:
        """All chargers that claim exactly this base."""
        return self._owners.get(base, [])

    def contested(self, base: str) -> bool:
        return base in self._contested

    def contest(self, charger: Charger) -> tuple[str, Charger] | None:
        """A base that this charger contests, and the other claimant; None without one."""
        for base in (claim.base for claim in charger.claims()):
            if base in self._contested and _contests(charger, base):
                for other in self._owners[base]:
                    if other is not charger and _contests(other, base):
                        return base, other
        return None

    def shared(self, base: str) -> bool:
        return len(self._owners.get(base, ())) > 1

    def crowded(self, base: str) -> bool:
        """Claimed by so many chargers that it is abuse."""
        return len(self._owners.get(base, ())) >= MOST_CLAIMANTS

    def add(self, charger: Charger, base: str) -> None:
        """Add a charger's claim on a base."""
        self.moves.append((charger, base))
        owners = self._owners.setdefault(base, [])
        if charger not in owners:
            owners.append(charger)
        self.changes.append(self._subscriptions.add(base))
        self.reassess(base)

    def remove(self, charger: Charger, base: str) -> None:
        """Remove a charger's claim on a base."""
        self.moves.append((charger, base))
        owners = self._owners.get(base, [])
        if charger in owners:
            owners.remove(charger)
        if not owners:
            self._owners.pop(base, None)
            self.changes.append(self._subscriptions.remove(base))
        self.reassess(base)
        self._set_ambiguous(charger)

    def reassess(self, base: str) -> None:
        """Determine again whether this base is contested."""
        owners = self._owners.get(base, [])
        if len(owners) > 1:
            # The owner of the readings may have changed.
            self.moves += [(charger, base) for charger in owners]
        if sum(_contests(charger, base) for charger in owners) > 1:
            self._contested.add(base)
        else:
            self._contested.discard(base)
        for charger in owners:
            self._set_ambiguous(charger)

    def _set_ambiguous(self, charger: Charger) -> None:
        ambiguous = self.contest(charger) is not None
        if ambiguous != charger.ambiguous:
            charger.ambiguous = ambiguous
            self.touched.append(charger)


def _contests(charger: Charger, base: str) -> bool:
    if not charger.announced or charger.retired:
        return False
    if charger.base == base:
        return True
    second = charger.second
    return bool(second and second.base == base and second.fresh)
