"""A session in progress: a car at the charger, and its charge so far."""

from dataclasses import dataclass, field, fields

from bridge.core.charging.plausible import Limits, believable_energy, believable_power
from bridge.core.clock import NEVER, Unix
from bridge.core.clock_steps import ClockStep
from bridge.core.model import ChargerId, Session

IDLE_SECONDS = 600.0
"""After so long without charging, a new `elapsed` means another car."""
UNHEARD_SECONDS = 60.0
"""Two totals in a row are at most so far apart while a charger is heard."""
_UNKNOWN = frozenset({"energy_from", "meter_from", "total"})
"""Fields that may be None."""
_TIMES = ("since", "start", "end", "energy_since", "end_by", "resumed")
"""Fields in Unix seconds."""


@dataclass(slots=True)
class Mark:
    """What a session had taken when it was last seen to charge; `total` is the charger's.

    Speed: not frozen, since each frame of a charging session changes it.
    """

    unix: Unix
    charging_s: float = 0.0
    plugged_s: float = 0.0
    peak_a: float = 0.0
    peak_w: float = 0.0
    meter: float = 0.0
    total: float | None = None


@dataclass(slots=True)
class OpenSession:
    """`start` is 0 until the car charges, `end` until it leaves; times in Unix seconds.

    `whole`: the bridge saw it begin, so that the session's own meter began at 0.
    """

    since: Unix
    start: Unix = NEVER
    end: Unix = NEVER
    charging_s: float = 0.0
    plugged_s: float = 0.0
    energy_from: float | None = None
    energy_since: Unix = NEVER
    """When the total was read from which its energy counts."""
    end_by: Unix = NEVER
    """When it ended at the latest, where nobody heard its end."""
    meter_from: float | None = None
    meter: float = 0.0
    elapsed: float = 0.0
    peak_a: float = 0.0
    peak_w: float = 0.0
    charging: bool = False
    whole: bool = False
    last: Mark = field(default_factory=lambda: Mark(NEVER))
    """When it was last seen to charge."""
    gap: Mark | None = None
    """The mark before a long time without charging, until the charger's own time shows whether
    another car came; peaks and meter are those since then."""
    resumed: Unix = NEVER
    """When that time ended."""

    def charges(self, unix: Unix, total: float | None) -> None:
        """Record that it charges, or has just charged."""
        last = self.last
        if unix - last.unix >= IDLE_SECONDS:
            self.join()
            self.gap, self.resumed = last, unix
            self.peak_a = self.peak_w = self.meter = 0.0
            last = self.last = Mark(unix, total=last.total)
        passed = unix - self.since if unix > self.since else 0.0
        last.unix, last.meter = unix, self.meter
        last.charging_s = self.charging_s + passed if self.charging else self.charging_s
        last.plugged_s = self.plugged_s + passed
        last.peak_a, last.peak_w = self.peak_a, self.peak_w
        if total is not None:
            last.total = total

    def join(self) -> None:
        """The same car was there before the gap."""
        gap, self.gap, self.resumed = self.gap, None, NEVER
        if gap is not None:
            self.peak_a, self.peak_w = max(self.peak_a, gap.peak_a), max(self.peak_w, gap.peak_w)
            self.meter = max(self.meter, gap.meter)

    def left_at(self, unix: Unix) -> Mark | None:
        """The mark at which a car may have left unheard; None where it charged all the time."""
        idle = unix - self.last.unix >= IDLE_SECONDS
        return self.gap or (self.last if idle else None)

    def split(self, left: Mark, base: float | None, seconds: float, unix: Unix) -> "OpenSession":
        """End it at `left`; returns the session of the car that came unheard.

        That one has charged for `seconds` by the charger's own time; `base` is the total at
        its beginning.
        """
        resumed = self.resumed if self.gap else unix
        start = Unix(max(left.unix, min(unix - seconds, resumed)))
        plugged = max(0.0, unix - start)
        second = OpenSession(
            unix, start, charging_s=min(seconds, plugged), plugged_s=plugged, energy_from=base,
            energy_since=left.unix, meter_from=0.0, elapsed=seconds, charging=self.charging,
            whole=True,
        )  # fmt: skip
        if self.gap is not None:
            second.meter, second.peak_a, second.peak_w = self.meter, self.peak_a, self.peak_w
        second.last = Mark(
            Unix(max(start, unix)), second.charging_s, second.plugged_s, second.peak_a,
            second.peak_w, second.meter, self.last.total if base is None else base,
        )  # fmt: skip
        self._end_at(left, start)
        return second

    def _end_at(self, left: Mark, end_by: Unix) -> None:
        self.gap, self.end = None, Unix(max(left.unix, self.start))
        self.end_by = Unix(max(end_by, self.end))
        self.charging_s = min(left.charging_s, self.charging_s)
        self.plugged_s = min(left.plugged_s, self.plugged_s)
        self.peak_a, self.peak_w, self.meter = left.peak_a, left.peak_w, left.meter

    def clock_stepped(self, step: ClockStep) -> None:
        """The wall clock was set: correct the times that the wrong one gave."""
        for name in _TIMES:
            setattr(self, name, step.corrected(getattr(self, name)))
        for mark in (self.last, self.gap):
            if mark is not None:
                mark.unix = step.corrected(mark.unix)
        if self.start:
            # Its durations across a restart were measured with the wrong clock.
            span = max(0.0, self.since - self.start)
            if self.plugged_s > span:
                self.plugged_s = max(span, self.plugged_s + min(0.0, step.seconds))
            self.charging_s = min(self.charging_s, span)

    def finished(self, charger: ChargerId, energy_wh: float | None) -> Session:
        """The finished session; `energy_wh` is the charger's total now."""
        self.join()
        energy, doubtful = believable_energy(
            self._grown(energy_wh), self._metered(), self._limits()
        )
        peak_w, odd = believable_power(self.peak_a, self.peak_w)
        return Session(
            charger=charger,
            start=self.start,
            end=self.end,
            charging_s=round(min(self.charging_s, self.plugged_s), 3),
            plugged_s=round(self.plugged_s, 3),
            energy_wh=energy,
            peak_a=self.peak_a,
            peak_w=peak_w,
            doubtful=doubtful or odd,
        )

    def fits(self, energy_wh: float) -> bool:
        """Whether it can have taken what this total says."""
        return self._limits().fits(self._grown(energy_wh))

    def _grown(self, energy_wh: float | None) -> float:
        """The rise of the charger's total, in Wh."""
        known = energy_wh is not None and self.energy_from is not None
        return (energy_wh or 0.0) - (self.energy_from or 0.0) if known else 0.0

    def _metered(self) -> float:
        """The energy by the session's own meter, in Wh."""
        return max(0.0, self.meter - self.meter_from) if self.meter_from is not None else 0.0

    def _limits(self) -> Limits:
        """Within what its energy must lie; nothing limits that of a session whose beginning
        nobody heard, unless the charger's own time is known."""
        heard = max(self.end_by, self.end) - min(self.energy_since, self.start)
        possible, charging = max(heard, self.plugged_s), self.charging_s
        unheard = self.start - self.energy_since + max(0.0, self.end_by - self.end)
        if unheard > UNHEARD_SECONDS:
            charging = possible
        if self.whole:
            return Limits(possible, charging, self.peak_w)
        known = max(possible, self.elapsed) if self.elapsed else None
        return Limits(known, max(charging, self.elapsed), self.peak_w)

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        saved = {name: getattr(self, name) for name in _SESSION}
        saved["last"] = _saved(self.last)
        saved["gap"] = None if self.gap is None else _saved(self.gap)
        return saved


# Speed: every charging session is saved every few seconds, and asdict copies each value.
_SESSION = tuple(f.name for f in fields(OpenSession))
_MARK = tuple(f.name for f in fields(Mark))


def _saved(mark: Mark) -> dict[str, object]:
    return {name: getattr(mark, name) for name in _MARK}


def restored(saved: object) -> OpenSession | None:
    """The session that an earlier run saved, or None; earlier versions saved fewer fields."""
    if not isinstance(saved, dict) or "since" not in saved:
        return None
    members = {**saved}
    last = _mark(members.pop("last", None)) or _earlier_mark(members)
    gap = _mark(members.pop("gap", None))
    if not _numbers(members, OpenSession):
        return None
    return OpenSession(**members, last=last, gap=gap)


def _earlier_mark(members: dict[str, object]) -> Mark:
    """The mark of a session saved by a version that kept its time alone."""
    at = members.pop("current_at", NEVER)
    members.pop("gap_from", None)
    mark = {"unix": at} | {
        name: members.get(name, 0.0)
        for name in ("charging_s", "plugged_s", "peak_a", "peak_w", "meter")
    }
    return _mark(mark) or Mark(NEVER)


def _mark(saved: object) -> Mark | None:
    if isinstance(saved, dict) and "unix" in saved and _numbers(saved, Mark):
        return Mark(**saved)
    return None


def _numbers(members: dict[str, object], kind: type[OpenSession] | type[Mark]) -> bool:
    """Whether these can be fields of that record."""
    return members.keys() <= set(_SESSION if kind is OpenSession else _MARK) and all(
        isinstance(value, int | float) or (value is None and name in _UNKNOWN)
        for name, value in members.items()
    )
