"""The smallest set of subscriptions that covers all followed base topics.

Where one base is the prefix of another (`a` and `a/b`), `a/#` covers both. Brokers may
deliver a message once per overlapping subscription, so an inner one is never subscribed to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class SubscriptionMode(StrEnum):
    """How the topics of chargers are subscribed to."""

    EACH = "each"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """Filters to subscribe to first, then filters to unsubscribe from."""

    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()


@dataclass(slots=True)
class Subscriptions:
    """Bases in, filters out; each change costs the number of levels, not of bases."""

    _bases: set[str] = field(default_factory=set)
    _inside: dict[str, set[str]] = field(default_factory=dict)

    def add(self, base: str) -> SubscriptionChange:
        """Cover one more base; adding a known one changes nothing."""
        if base in self._bases:
            return SubscriptionChange()
        outer = _outer(base)
        self._bases.add(base)
        for prefix in outer:
            self._inside.setdefault(prefix, set()).add(base)
        if not self._bases.isdisjoint(outer):
            return SubscriptionChange()
        return SubscriptionChange((_filter(base),), self._top_inside(base))

    def remove(self, base: str) -> SubscriptionChange:
        """Stop covering one base; bases that only it covered get filters of their own."""
        if base not in self._bases:
            return SubscriptionChange()
        outer = _outer(base)
        if not self._bases.isdisjoint(outer):
            self._forget(base, outer)
            return SubscriptionChange()
        inner = self._top_inside(base)
        self._forget(base, outer)
        return SubscriptionChange(inner, (_filter(base),))

    def filters(self) -> list[str]:
        """All filters in force, sorted."""
        return sorted(_filter(base) for base in self._bases if self._bases.isdisjoint(_outer(base)))

    def _top_inside(self, base: str) -> tuple[str, ...]:
        """Filters of the bases below this one that no other base between covers."""
        below = self._inside.get(base, ())
        length = len(base)
        return tuple(
            _filter(inner)
            for inner in sorted(below)
            if self._bases.isdisjoint(o for o in _outer(inner) if len(o) > length)
        )

    def _forget(self, base: str, outer: list[str]) -> None:
        self._bases.discard(base)
        for prefix in outer:
            inside = self._inside[prefix]
            inside.discard(base)
            if not inside:
                del self._inside[prefix]


def _filter(base: str) -> str:
    return f"{base}/#"


def _outer(base: str) -> list[str]:
    """Every base that would contain this one, outermost first."""
    found, at = [], base.find("/")
    while at >= 0:
        found.append(base[:at])
        at = base.find("/", at + 1)
    return found


class WantedFilters:
    """The topic filters to be subscribed to: discovery writes them, the MQTT client reads them."""

    def __init__(self) -> None:
        self._filters: dict[str, None] = {}
        self._changes: list[SubscriptionChange] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._filters)

    def apply(self, change: SubscriptionChange) -> None:
        """Add and remove filters; parts that change nothing are left out."""
        gone = tuple(each for each in change.unsubscribe if self._filters.pop(each, self) is None)
        new = tuple(each for each in change.subscribe if each not in self._filters)
        self._filters.update(dict.fromkeys(new))
        if new or gone:
            self._changes.append(SubscriptionChange(new, gone))

    def repeat(self, filters: Iterable[str]) -> None:
        """Subscribe to filters again that are subscribed to anyway, for what is retained there."""
        self._changes.append(SubscriptionChange(tuple(filters)))

    def drain_changes(self) -> list[SubscriptionChange]:
        """What changed since the last call, in order."""
        changes, self._changes = self._changes, []
        return changes


class OneFilter(WantedFilters):
    """One filter for all chargers, which never changes, for brokers with few subscriptions."""

    def __init__(self, wildcard: str) -> None:
        super().__init__()
        self._filters[wildcard] = None

    def apply(self, change: SubscriptionChange) -> None:
        """Nothing: the filter covers the chargers, or they are not heard."""
