"""Matches the ledger's sessions with the bridge's, and groups those that cannot be told apart.

A charger that hangs or is silent while one car leaves and another arrives reports neither.
Such sessions form one group, for which the bridge may report one session or several.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class SimulatedSession:
    """A session; `start` is 0 where it was under way when the run began, `end` infinite while it
    lasts. `reported`: the charger published that the car had left."""

    start: float
    end: float = math.inf
    wh: float = 0.0
    reported: bool = False


@dataclass(frozen=True, slots=True)
class ReportedSession:
    """A session reported by the bridge, in Unix seconds and Wh."""

    start: float
    end: float
    wh: float


@dataclass(frozen=True, slots=True)
class SessionComparison:
    """One charger: expected groups, how many the bridge reported, and their energies."""

    expected: int
    found: int
    expected_wh: float
    reported_wh: float
    stays: int
    """In the groups that were found."""
    unexpected: int
    """Sessions that the bridge reported without a simulated one, or too many of them."""


def reported_sessions(rows: Iterable[Mapping[str, object]], charger: str) -> list[ReportedSession]:
    """A charger's sessions as the API lists them."""
    return [
        ReportedSession(_seconds(row["start"]), _seconds(row["end"]), float(str(row["energy_wh"])))
        for row in rows
        if row["charger"] == charger
    ]


def compare(
    stays: Sequence[SimulatedSession],
    reported: Iterable[ReportedSession],
    *,
    due: float,
    slack: float,
) -> SessionComparison:
    """`due`: sessions that ended by then are expected; `slack`: how many seconds the bridge's
    times may differ from the true ones."""
    groups = _groups(stays)
    found: list[list[ReportedSession]] = [[] for _ in groups]
    unexpected = 0
    for session in reported:
        near = [_overlap(group, session) for group in groups]
        if near and max(near) > -slack:
            found[near.index(max(near))].append(session)
        else:
            unexpected += 1
    unexpected += sum(max(0, len(f) - len(g)) for g, f in zip(groups, found, strict=True))
    expected = [(g, f) for g, f in zip(groups, found, strict=True) if _is_expected(g, due)]
    matched = [(group, sessions) for group, sessions in expected if sessions]
    return SessionComparison(
        expected=len(expected),
        found=len(matched),
        expected_wh=sum(stay.wh for group, _ in matched for stay in group),
        reported_wh=sum(session.wh for _, sessions in matched for session in sessions),
        stays=sum(len(group) for group, _ in matched),
        unexpected=unexpected,
    )


def _groups(stays: Sequence[SimulatedSession]) -> list[list[SimulatedSession]]:
    groups: list[list[SimulatedSession]] = []
    for stay in stays:
        if groups and not groups[-1][-1].reported:
            groups[-1].append(stay)
        else:
            groups.append([stay])
    return groups


def _is_expected(group: Sequence[SimulatedSession], due: float) -> bool:
    last = group[-1]
    return group[0].start > 0 and last.reported and last.end <= due


def _overlap(group: Sequence[SimulatedSession], session: ReportedSession) -> float:
    """In seconds; below 0 it is how far they are apart."""
    return min(group[-1].end, session.end) - max(group[0].start, session.start)


def _seconds(moment: object) -> float:
    return datetime.fromisoformat(str(moment)).timestamp()
