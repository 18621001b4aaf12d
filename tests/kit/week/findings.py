"""Compares what a bridge kept of a charger's week with what really happened."""

import re
from collections.abc import Iterator

from bridge.core.fields import states
from bridge.core.model import Event, EventKind, Session
from tests.kit.core import EPOCH
from tests.kit.week.trouble import WEEK
from tests.kit.week.truth import Truth, Visit
from tests.kit.week.week import Week

JOULES = 3600.0
_SHARE, _LEAST_WH = 0.001, 5.0
_EARLY_SECONDS = 1.0
_LAST_SECONDS = 120.0
"""A session that ends so shortly before the week may still wait for its last reading."""


def energy(week: Week, charger: str) -> Iterator[str]:
    """What is wrong with the total."""
    shown = week.disk.shown[f'evse_energy_joules_total{{charger="{charger}"}}'] / JOULES
    meter, start = week.chargers[charger].device.life.meter.total_wh, week.truth(charger).start_wh
    rise, risen = meter - start, shown - start
    if abs(risen - rise) > _SHARE * rise:
        yield f"{charger}: {risen:.0f} Wh of {rise:.0f}"


def sessions(week: Week, charger: str) -> Iterator[str]:
    """What is wrong with the sessions: each true one has one, at its time, with its energy."""
    truth = week.truth(charger)
    visits = truth.visits()
    found = [one for one in week.disk.sessions if one.charger == charger]
    if found and visits and found[0].end - EPOCH < visits[0].start:
        # It was under way when the week began.
        del found[0]
    while visits and len(visits) > len(found) and visits[-1].end > WEEK - _LAST_SECONDS:
        visits.pop()
    if len(found) != len(visits):
        yield f"{charger}: {len(found)} sessions of {len(visits)}"
    for session, visit in zip(found, visits, strict=False):
        yield from (f"{charger}: {text}" for text in _differences(session, visit, truth))


def faults(week: Week, charger: str) -> Iterator[str]:
    """What is wrong with the fault counters: each that could be heard is counted once."""
    truth, shown = week.truth(charger), week.disk.shown
    had = truth.faults()
    for code, name in states.FAULTS.items():
        mine = [fault for fault in had if fault.code == code]
        least = sum(truth.must_be_heard(fault) for fault in mine)
        shown_value = shown[f'evse_faults_total{{charger="{charger}",fault="{name}"}}']
        if not least <= shown_value <= len(mine):
            yield f"{charger}: {shown_value:.0f} times {name}, of {least} to {len(mine)}"
        events = sum(
            one.kind is EventKind.FAULT and one.charger == charger and one.code == code
            for one in week.disk.events
        )
        if events != shown_value:
            yield f"{charger}: {events} events of {shown_value:.0f} times {name}"


def contradictions(week: Week, charger: str) -> Iterator[str]:
    """Contradictions of a charger whose values are honest, unless its controller is dead."""
    frozen = week.truth(charger).frozen
    for event in week.disk.events:
        at = event.unix - EPOCH
        if any(start <= at <= end + 60 for start, end in frozen):
            continue
        if event.charger == charger and event.kind is EventKind.CONTRADICTORY and event.code:
            yield f"{charger}: {event.text} at {event.unix - EPOCH:.0f}"


def doubts(week: Week, charger: str) -> Iterator[str]:
    """Sessions of an honest charger that are flagged."""
    for session in week.disk.sessions:
        if session.charger == charger and session.doubtful:
            yield f"{charger}: {session}"


def boots(week: Week, charger: str) -> Iterator[str]:
    """What is wrong with the counts of boots and crashes, and with their events."""
    truth, shown = week.truth(charger), week.disk.shown
    events = [one for one in week.disk.events if one.charger == charger]
    reboots = [one for one in events if one.kind is EventKind.REBOOT]
    for name, shown_value, true in (
        ("boots", shown.get(f'evse_boots_total{{charger="{charger}"}}'), truth.boots),
        ("crashes", shown.get(f'evse_crashes_total{{charger="{charger}"}}'), truth.crashes),
        ("crash events", sum(one.kind is EventKind.CRASH for one in events), truth.crashes),
        ("boots in events", sum(map(_boots, reboots)), truth.boots - truth.first_boots),
    ):
        if shown_value != true:
            yield f"{charger}: {shown_value} {name} of {true}"


def _boots(event: Event) -> int:
    """An event may stand for several boots between two polls, and says so."""
    several = re.search(r", (\d+) boots$", event.text)
    return int(several[1]) if several else 1


def _differences(session: Session, visit: Visit, truth: Truth) -> Iterator[str]:
    for name, shown_value, true in (
        ("start", session.start - EPOCH, visit.start), ("end", session.end - EPOCH, visit.end)
    ):  # fmt: skip
        if not true - _EARLY_SECONDS <= shown_value <= truth.known_by(true):
            yield f"{name} {shown_value:.0f} for {true:.0f}, due by {truth.known_by(true):.0f}"
    if abs(session.energy_wh - visit.energy_wh) > max(_LEAST_WH, _SHARE * visit.energy_wh):
        yield f"{session.energy_wh:.1f} Wh of {visit.energy_wh:.1f} from {visit.start:.0f}"
