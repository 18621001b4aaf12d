"""Compares what the bridge and its store tell of a run with the simulator's ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.stays import Compared, compare, heard
from bench.truths import Truth

JOULES = 3600.0
SHARE = 0.001
MOST_WATTS = 25_000.0
"""What a charger of the simulator draws at most."""
LAG_SECONDS = 90.0
"""Simulated: a document's period, and twice that where polls carry the total."""
LONGEST_FREEZE_SECONDS = 300.0
"""Simulated: how long a controller hangs at most."""
SESSION_WH = 300.0
LATE_SECONDS = 200.0
"""Simulated: a session that ended so recently may not be heard of yet."""
TELLING_SECONDS = 65.0
"""Real: how long a session that ended waits for its last total."""
ASKED_SECONDS = 45.0
"""Real: a boot is asked about 15 to 20 s later, at any speed, and a poll may have failed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the bridge says: a scrape, the API's sessions and events, the store's totals in Wh."""

    metrics: Mapping[str, float]
    sessions: Sequence[Mapping[str, object]]
    events: Sequence[Mapping[str, object]]
    stored_wh: Mapping[str, float]

    def of(self, name: str, charger: str) -> float:
        """The sum of a charger's series of one name."""
        begin = f'{name}{{charger="{charger}"'
        return sum(value for series, value in self.metrics.items() if series.startswith(begin))

    def count(self, charger: str, kind: str) -> int:
        """Its events of one kind."""
        return sum(one["charger"] == charger and one["kind"] == kind for one in self.events)


@dataclass(slots=True)
class Row:
    """One thing that was compared, over all chargers."""

    what: str
    told: float = 0.0
    true: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, charger: str, told: float, true: float, slack: float) -> None:
        """One charger's."""
        self.told += told
        self.true += true
        if abs(told - true) > slack:
            self.wrong.append(f"{charger}: {told:.0f} of {true:.0f}")


def verdict(
    told: Told, truths: Mapping[str, Truth], *, start: float, now: float, speed: float
) -> list[Row]:
    """A row for each thing; `start` and `now`, the scrape's, are Unix times."""
    recent = now - LATE_SECONDS / speed - TELLING_SECONDS
    compared = {
        charger: compare(
            truth.stays, heard(told.sessions, charger), due=recent,
            slack=(LAG_SECONDS + LONGEST_FREEZE_SECONDS) / speed,
        )
        for charger, truth in truths.items()
    }  # fmt: skip
    checks: Mapping[str, Callable[[str, Truth], tuple[float, float, float]]] = {
        "energy, Wh": lambda who, one: _energy(
            told.of("evse_energy_joules_total", who) / JOULES, one, recent
        ),
        "energy in the store, Wh": lambda who, one: _energy(
            told.stored_wh.get(who, 0.0), one, recent
        ),
        "sessions": lambda who, _: _sessions(compared[who]),
        "sessions' energy, Wh": lambda who, _: _session_energy(compared[who]),
        "faults": lambda who, one: _faults(told.of("evse_faults_total", who), one),
        "crashes": lambda who, one: _crashes(told.of("evse_crashes_total", who), one, start, now),
        "crash events": lambda who, one: _crashes(told.count(who, "crash"), one, start, now),
    }
    rows = []
    for what, check in checks.items():
        row = Row(what)
        for charger, truth in sorted(truths.items()):
            row.add(charger, *check(charger, truth))
        rows.append(row)
    return rows


def _energy(total: float, truth: Truth, recent: float) -> tuple[float, float, float]:
    hidden = LONGEST_FREEZE_SECONDS if truth.frozen_until > recent else 0.0
    slack = SHARE * (truth.last_wh - truth.first_wh)
    slack += MOST_WATTS * (LAG_SECONDS + hidden) / JOULES
    return total - truth.first_wh, truth.last_wh - truth.first_wh, slack


def _sessions(one: Compared) -> tuple[float, float, float]:
    return one.found + one.invented, one.owed, 0.0


def _session_energy(one: Compared) -> tuple[float, float, float]:
    return one.told_wh, one.true_wh, SHARE * one.true_wh + SESSION_WH * one.stays


def _crashes(told: float, truth: Truth, start: float, now: float) -> tuple[float, float, float]:
    """Each once; before the first poll and after the last, the bridge cannot know."""
    sure = sum(start + ASKED_SECONDS < at < now - ASKED_SECONDS for at in truth.crashes)
    return told, len(truth.crashes), len(truth.crashes) - sure


def _faults(told: float, truth: Truth) -> tuple[float, float, float]:
    """One that came and went in an outage is nobody's; one counted twice is wrong."""
    slack = told if truth.odd else max(0.0, truth.faults - told)
    return told, truth.faults, slack
