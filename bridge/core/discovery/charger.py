"""Who a charger is: its id, and what may change under it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.clock import NEVER, Steady, Unix
from bridge.core.discovery.announcement import check_base
from bridge.core.discovery.rivalry import Rivalry
from bridge.core.errors import AnnounceRefused
from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId, Dialect, SavedState
from bridge.core.token_bucket import TokenBucket


@dataclass(slots=True)
class Claim:
    """A base topic that is announced for a charger.

    `heard` is the steady time of the last live telemetry there, None for never in this
    run; `since` is the steady time from which the base is listened to.
    """

    base: str
    since_steady: Steady
    topic: str | None = None
    """The announce topic that named this base last."""
    http: str | None = None
    """The web server that was announced with a second base."""
    heard_steady: Steady | None = None
    remembered: bool = False
    fresh: bool = False
    """Announced live, and the charger has not spoken elsewhere since."""

    def silent(self, steady: Steady, after: float) -> bool:
        """Nothing live for `after` seconds; a base never heard of is silent at once.

        A base that was heard in an earlier run has `after` seconds to speak again.
        """
        if self.heard_steady is not None:
            return steady - self.heard_steady >= after
        return not self.remembered or steady - self.since_steady >= after


@dataclass(slots=True, eq=False)
class Charger:
    """One charger by its announced id; times with `_unix` are Unix seconds."""

    id: ChargerId
    dialect: Dialect
    first_unix: Unix
    name: str | None = None
    http: str | None = None
    labels: Labels = UNLABELLED
    versions: Mapping[str, str] = field(default_factory=dict)
    """What /config calls its firmware, protocol and identifier."""
    announce_topic: str | None = None
    announced: bool = False
    announced_unix: Unix = NEVER
    heard_unix: Unix = NEVER
    polled_unix: Unix = NEVER
    offline: bool = False
    claim: Claim | None = None
    second: Claim | None = None
    ambiguous: bool = False
    doubled: bool = False
    """Both bases speak: two devices carry this id."""
    topic_rival: Rivalry = field(default_factory=Rivalry)
    """With whom it takes turns on its announce topic."""
    base_rival: Rivalry = field(default_factory=Rivalry)
    """With whom it shares a base."""
    heard_steady: Steady | None = None
    """Steady time of the last live telemetry."""
    polled_steady: Steady | None = None
    """Steady time of the last good poll."""
    topics: list[str] = field(default_factory=list)
    """Announce topics that named this charger, the latest last."""
    announcements: TokenBucket = field(default_factory=lambda: TokenBucket(1.0, burst=20))

    @property
    def base(self) -> str | None:
        return self.claim.base if self.claim else None

    @property
    def last_seen_unix(self) -> float:
        """When it said anything last, on either way."""
        return max(self.heard_unix, self.polled_unix)

    def answered_poll(self, steady: Steady, within: float) -> bool:
        """A poll was good so many seconds ago, or less."""
        return self.polled_steady is not None and steady - self.polled_steady < within

    def http_address(self, steady: Steady, after: float, asked: str | None) -> str | None:
        """Where its web server is: of two bases each may be another device's, so that the
        second's counts once the charger left the first for it.

        `asked` is where it is asked now, and stays while it answers there.
        """
        first, second = self.claim, self.second
        if not (first and second and second.fresh and first.silent(steady, after)):
            return self.http
        if self.answered_poll(steady, after) and asked in {self.http, second.http}:
            return asked
        return second.http or self.http

    def claims(self) -> list[Claim]:
        return [claim for claim in (self.claim, self.second) if claim]

    def saved(self) -> dict[str, object]:
        """What the state file keeps of the charger's identity."""
        return {
            "name": self.name,
            "base": self.base,
            "base_topic": self.claim.topic if self.claim else None,
            "second": self.second.base if self.second else None,
            "second_topic": self.second.topic if self.second else None,
            "second_http": self.second.http if self.second else None,
            "http": self.http,
            "announce_topic": self.announce_topic,
            "announced": self.announced,
            "announced_at": self.announced_unix,
            "first_at": self.first_unix,
            "heard_at": self.heard_unix,
            "polled_at": self.polled_unix,
            "offline": self.offline,
            "doubled": self.doubled,
            "rival": self.topic_rival.other,
            "rival_at": self.topic_rival.met_unix,
            "sharer": self.base_rival.other,
            "sharer_at": self.base_rival.met_unix,
        }


def restored(id_: ChargerId, saved: SavedState, dialect: Dialect, steady: Steady) -> Charger:
    """The charger as the state file knows it; members of a wrong type are left out."""
    heard_at = _unix(saved, "heard_at")

    def claim(key: str) -> Claim | None:
        base = _followable(_text(saved, key))
        topic, http = _text(saved, f"{key}_topic"), _text(saved, f"{key}_http")
        return Claim(base, steady, topic, http, remembered=heard_at > 0) if base else None

    return Charger(
        id=id_,
        dialect=dialect,
        first_unix=_unix(saved, "first_at"),
        name=_text(saved, "name"),
        http=_text(saved, "http"),
        announce_topic=_text(saved, "announce_topic"),
        announced=saved.get("announced") is True,
        announced_unix=_unix(saved, "announced_at"),
        heard_unix=heard_at,
        polled_unix=_unix(saved, "polled_at"),
        offline=saved.get("offline") is True,
        doubled=saved.get("doubled") is True,
        topic_rival=Rivalry(_text(saved, "rival"), _unix(saved, "rival_at")),
        base_rival=Rivalry(_text(saved, "sharer"), _unix(saved, "sharer_at")),
        claim=claim("base"),
        second=claim("second"),
    )


def _followable(base: str | None) -> str | None:
    """An earlier version may have remembered what this one would refuse."""
    try:
        check_base(base or "")
    except AnnounceRefused:
        return None
    return base


def _text(saved: SavedState, key: str) -> str | None:
    value = saved.get(key)
    return value if isinstance(value, str) else None


def _unix(saved: SavedState, key: str) -> Unix:
    value = saved.get(key)
    return Unix(float(value)) if isinstance(value, int | float) else NEVER
