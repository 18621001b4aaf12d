"""The ledger's sessions beside the bridge's: which belong together, which none can tell apart.

A charger that hangs or is silent while one car leaves and another comes has said of neither.
Such sessions make one group, of which the bridge may tell one session or several.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Stay:
    """A session; `start` is 0 where it was under way when the run began, `end` infinite while it
    lasts. `told`: the charger said over MQTT that the car had left."""

    start: float
    end: float = math.inf
    wh: float = 0.0
    told: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A session of the bridge's, in Unix seconds and Wh."""

    start: float
    end: float
    wh: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One charger's: groups that the bridge owes, how many it has, and their energies."""

    owed: int
    found: int
    true_wh: float
    told_wh: float
    stays: int
    """In the groups that were found."""
    invented: int
    """Sessions of the bridge's where there was none, or more of them than stays."""


def heard(rows: Iterable[Mapping[str, object]], charger: str) -> list[Heard]:
    """A charger's sessions as the API lists them."""
    return [
        Heard(_seconds(row["start"]), _seconds(row["end"]), float(str(row["energy_wh"])))
        for row in rows
        if row["charger"] == charger
    ]


def compare(stays: Sequence[Stay], told: Iterable[Heard], *, due: float, slack: float) -> Compared:
    """`due`: until when a stay must have ended to be owed; `slack`: how many seconds the bridge's
    times may lie beside the true ones."""
    groups = _groups(stays)
    found: list[list[Heard]] = [[] for _ in groups]
    invented = 0
    for session in told:
        near = [_overlap(group, session) for group in groups]
        if near and max(near) > -slack:
            found[near.index(max(near))].append(session)
        else:
            invented += 1
    invented += sum(max(0, len(f) - len(g)) for g, f in zip(groups, found, strict=True))
    owed = [(g, f) for g, f in zip(groups, found, strict=True) if _owed(g, due)]
    there = [(group, sessions) for group, sessions in owed if sessions]
    return Compared(
        owed=len(owed),
        found=len(there),
        true_wh=sum(stay.wh for group, _ in there for stay in group),
        told_wh=sum(session.wh for _, sessions in there for session in sessions),
        stays=sum(len(group) for group, _ in there),
        invented=invented,
    )


def _groups(stays: Sequence[Stay]) -> list[list[Stay]]:
    groups: list[list[Stay]] = []
    for stay in stays:
        if groups and not groups[-1][-1].told:
            groups[-1].append(stay)
        else:
            groups.append([stay])
    return groups


def _owed(group: Sequence[Stay], due: float) -> bool:
    last = group[-1]
    return group[0].start > 0 and last.told and last.end <= due


def _overlap(group: Sequence[Stay], session: Heard) -> float:
    """In seconds; below 0 it is how far they are apart."""
    return min(group[-1].end, session.end) - max(group[0].start, session.start)


def _seconds(moment: object) -> float:
    return datetime.fromisoformat(str(moment)).timestamp()
