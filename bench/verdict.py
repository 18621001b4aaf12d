"""Compares the data of the bridge and its store with the simulator's ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.stays import SessionComparison, compare, reported_sessions
from bench.truths import Truth

JOULES = 3600.0
SHARE = 0.001
MAX_WATTS = 25_000.0
"""The maximum power of a simulated charger."""
LAG_SECONDS = 90.0
"""Simulated: a document's period, and twice that where polls carry the total."""
LONGEST_FREEZE_SECONDS = 300.0
"""Simulated: the longest time that a controller hangs."""
SESSION_WH = 300.0
LATE_SECONDS = 200.0
"""Simulated: a session that ended so recently may not be reported yet."""
SESSION_DELAY_SECONDS = 65.0
"""Real: how long a session that ended waits for its last total."""
BOOT_POLL_SECONDS = 45.0
"""Real: a boot is asked about 15 to 20 s later, at any speed, and a poll may have failed."""


@dataclass(frozen=True, slots=True)
class BridgeReport:
    """The bridge's data: a scrape, the API's sessions and events, the store's totals in Wh."""

    metrics: Mapping[str, float]
    sessions: Sequence[Mapping[str, object]]
    events: Sequence[Mapping[str, object]]
    stored_wh: Mapping[str, float]

    def charger_sum(self, name: str, charger: str) -> float:
        """The sum of a charger's series of one name."""
        begin = f'{name}{{charger="{charger}"'
        return sum(value for series, value in self.metrics.items() if series.startswith(begin))

    def event_count(self, charger: str, kind: str) -> int:
        """Its events of one kind."""
        return sum(one["charger"] == charger and one["kind"] == kind for one in self.events)


@dataclass(slots=True)
class ComparisonRow:
    """One compared figure, summed over all chargers."""

    name: str
    reported: float = 0.0
    expected: float = 0.0
    mismatches: list[str] = field(default_factory=list)

    def add(self, charger: str, reported: float, expected: float, slack: float) -> None:
        """Add one charger."""
        self.reported += reported
        self.expected += expected
        if abs(reported - expected) > slack:
            self.mismatches.append(f"{charger}: {reported:.0f} of {expected:.0f}")


def compare_run(
    report: BridgeReport, truths: Mapping[str, Truth], *, start: float, now: float, speed: float
) -> list[ComparisonRow]:
    """One row for each figure; `start` and `now`, of the scrape, are Unix times."""
    recent = now - LATE_SECONDS / speed - SESSION_DELAY_SECONDS
    compared = {
        charger: compare(
            truth.stays, reported_sessions(report.sessions, charger), due=recent,
            slack=(LAG_SECONDS + LONGEST_FREEZE_SECONDS) / speed,
        )
        for charger, truth in truths.items()
    }  # fmt: skip
    checks: Mapping[str, Callable[[str, Truth], tuple[float, float, float]]] = {
        "energy, Wh": lambda who, one: _energy(
            report.charger_sum("evse_energy_joules_total", who) / JOULES, one, recent
        ),
        "energy in the store, Wh": lambda who, one: _energy(
            report.stored_wh.get(who, 0.0), one, recent
        ),
        "sessions": lambda who, _: _sessions(compared[who]),
        "sessions' energy, Wh": lambda who, _: _session_energy(compared[who]),
        "faults": lambda who, one: _faults(report.charger_sum("evse_faults_total", who), one),
        "crashes": lambda who, one: _crashes(
            report.charger_sum("evse_crashes_total", who), one, start, now
        ),
        "crash events": lambda who, one: _crashes(
            report.event_count(who, "crash"), one, start, now
        ),
    }
    rows = []
    for what, check in checks.items():
        row = ComparisonRow(what)
        for charger, truth in sorted(truths.items()):
            row.add(charger, *check(charger, truth))
        rows.append(row)
    return rows


def _energy(total: float, truth: Truth, recent: float) -> tuple[float, float, float]:
    hidden = LONGEST_FREEZE_SECONDS if truth.frozen_until > recent else 0.0
    slack = SHARE * (truth.last_wh - truth.first_wh)
    slack += MAX_WATTS * (LAG_SECONDS + hidden) / JOULES
    return total - truth.first_wh, truth.last_wh - truth.first_wh, slack


def _sessions(one: SessionComparison) -> tuple[float, float, float]:
    return one.found + one.unexpected, one.expected, 0.0


def _session_energy(one: SessionComparison) -> tuple[float, float, float]:
    return one.reported_wh, one.expected_wh, SHARE * one.expected_wh + SESSION_WH * one.stays


def _crashes(reported: float, truth: Truth, start: float, now: float) -> tuple[float, float, float]:
    """Each once; before the first and after the last poll the bridge cannot know."""
    sure = sum(start + BOOT_POLL_SECONDS < at < now - BOOT_POLL_SECONDS for at in truth.crashes)
    return reported, len(truth.crashes), len(truth.crashes) - sure


def _faults(reported: float, truth: Truth) -> tuple[float, float, float]:
    """One that came and went in an outage may be missing; one counted twice is an error."""
    slack = reported if truth.odd else max(0.0, truth.faults - reported)
    return reported, truth.faults, slack
