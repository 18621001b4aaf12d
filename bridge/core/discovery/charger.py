"""A charger's identity: its id, and the attributes that may change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.clock import NEVER, Steady, Unix
from bridge.core.clock_steps import ClockStep
from bridge.core.discovery.announcement import check_base, clean_name
from bridge.core.discovery.rivalry import Rivalry
from bridge.core.discovery.trust import Trust, restored_trust
from bridge.core.errors import AnnounceRefused
from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId, Dialect, SavedState
from bridge.core.token_bucket import TokenBucket


@dataclass(slots=True)
class Claim:
    """A base topic that is announced for a charger.

    `heard_steady` is the steady time of the last live telemetry there, None for never in
    this run; `since_steady` is the steady time since which the base is subscribed to.
    """

    base: str
    since_steady: Steady
    topic: str | None = None
    """The announce topic that last named this base."""
    http: str | None = None
    """The web server that was announced with a second base topic."""
    heard_steady: Steady | None = None
    remembered: bool = False
    fresh: bool = False
    """Announced live, and the charger has published nothing below its other base since."""

    def silent(self, steady: Steady, after: float) -> bool:
        """No live telemetry for `after` seconds; a base that never had any is silent at once.

        A base that had some in an earlier run has `after` seconds to publish again.
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
    """Firmware, protocol, identifier and the like, as in /config."""
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
    """Both bases publish: two devices have this id."""
    topic_rival: Rivalry = field(default_factory=Rivalry)
    """The charger with which it alternates on its announce topic."""
    base_rival: Rivalry = field(default_factory=Rivalry)
    """The charger with which it shares a base."""
    heard_steady: Steady | None = None
    """Steady time of the last live telemetry."""
    polled_steady: Steady | None = None
    """Steady time of the last good poll."""
    trust: Trust = field(default_factory=Trust)
    untrusted: bool = False
    """Not polled: it was not heard for long enough to be given the shared login."""
    answers_at: str | None = None
    """The announced address at which it answered a poll last."""
    answers_unix: Unix = NEVER
    """Since when it answers there."""
    behind: ChargerId | None = None
    """The charger that first answered at its address; this one is polled behind it."""
    silent_s: float = 0.0
    """Seconds of silence, over runs, in which the bridge was connected and subscribed."""
    listened: float | None = None
    """The run's listening time up to which `silent_s` counts."""
    spoke_steady: float = 0.0
    """Steady time of the last message or poll that ended the silence."""
    retired: bool = False
    """Without series; its base may be followed, and its counters are remembered."""
    topics: list[str] = field(default_factory=list)
    """Announce topics that named this charger, the latest last."""
    announcements: TokenBucket = field(default_factory=lambda: TokenBucket(1.0, burst=20))

    @property
    def base(self) -> str | None:
        return self.claim.base if self.claim else None

    @property
    def last_seen_unix(self) -> float:
        """The last live telemetry or good poll, in Unix seconds."""
        return max(self.heard_unix, self.polled_unix)

    def answered_poll(self, steady: Steady, within: float) -> bool:
        """Whether a poll succeeded within so many seconds."""
        return self.polled_steady is not None and steady - self.polled_steady < within

    def http_address(self, steady: Steady, after: float, polled_at: str | None) -> str | None:
        """The address of its web server. Two bases may belong to two devices, so the second
        base's address is used only once the charger has left the first base for it.

        `polled_at` is where it is polled now; that stays while it answers there.
        """
        first, second = self.claim, self.second
        if not (first and second and second.fresh and first.silent(steady, after)):
            return self.http
        if self.answered_poll(steady, after) and polled_at in {self.http, second.http}:
            return polled_at
        return second.http or self.http

    def answered_at(self, address: str, unix: Unix) -> None:
        """A poll at this announced address was answered."""
        if self.answers_at != address:
            self.answers_at, self.answers_unix = address, unix

    def answered_since(self, address: str) -> Unix | None:
        """Since when it answers at this address; None if it has not answered there."""
        return self.answers_unix if self.answers_at == address else None

    def clock_stepped(self, step: ClockStep) -> None:
        """The wall clock was set: correct the times that the wrong one gave."""
        self.first_unix = step.corrected(self.first_unix)
        self.announced_unix = step.corrected(self.announced_unix)
        self.heard_unix = step.corrected(self.heard_unix)
        self.polled_unix = step.corrected(self.polled_unix)
        self.answers_unix = step.corrected(self.answers_unix)

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
            "answers_at": self.answers_at,
            "answers_since": self.answers_unix,
            **self.trust.saved(),
            "silent_s": self.silent_s,
            "retired": self.retired,
            "offline": self.offline,
            "doubled": self.doubled,
            "rival": self.topic_rival.other,
            "rival_at": self.topic_rival.last_unix,
            "sharer": self.base_rival.other,
            "sharer_at": self.base_rival.last_unix,
        }


def restored(id_: ChargerId, saved: SavedState, dialect: Dialect, steady: Steady) -> Charger:
    """The charger as saved in the state file; members of a wrong type are ignored."""
    heard_at, polled_at = _unix(saved, "heard_at"), _unix(saved, "polled_at")
    if polled_at and "answers_at" not in saved:
        # Polled by a version that did not keep since when.
        saved = {**saved, "answers_at": saved.get("http"), "answers_since": saved.get("first_at")}

    def claim(key: str) -> Claim | None:
        base = _followable(_text(saved, key))
        topic, http = _text(saved, f"{key}_topic"), _text(saved, f"{key}_http")
        return Claim(base, steady, topic, http, remembered=heard_at > 0) if base else None

    return Charger(
        id=id_,
        dialect=dialect,
        first_unix=_unix(saved, "first_at"),
        # An earlier version saved names as they came.
        name=clean_name(saved.get("name")),
        http=_text(saved, "http"),
        announce_topic=_text(saved, "announce_topic"),
        announced=saved.get("announced") is True,
        announced_unix=_unix(saved, "announced_at"),
        heard_unix=heard_at,
        polled_unix=polled_at,
        answers_at=_text(saved, "answers_at"),
        answers_unix=_unix(saved, "answers_since"),
        trust=restored_trust(saved, _text(saved, "base_topic"), met=max(heard_at, polled_at) > 0),
        silent_s=max(0.0, _unix(saved, "silent_s")),
        retired=saved.get("retired") is True,
        offline=saved.get("offline") is True,
        doubled=saved.get("doubled") is True,
        topic_rival=Rivalry(_text(saved, "rival"), _unix(saved, "rival_at")),
        base_rival=Rivalry(_text(saved, "sharer"), _unix(saved, "sharer_at")),
        claim=claim("base"),
        second=claim("second"),
    )


def _followable(base: str | None) -> str | None:
    """None for a base that an earlier version saved but this one refuses."""
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
