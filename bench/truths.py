"""What the simulator's ledger says of each charger."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.stays import Stay

_NOBODY = "1"
"""The state without a car."""
_STATES = frozenset(map(str, (*range(18), 254, 255)))


@dataclass(slots=True)
class Truth:
    """One charger's; times are Unix seconds, energies Wh."""

    first_wh: float = 0.0
    last_wh: float = 0.0
    stays: list[Stay] = field(default_factory=list)
    faults: int = 0
    crashes: list[float] = field(default_factory=list)
    """When they happened."""
    frozen_until: float = 0.0
    """Until when its controller last hung: nobody can know what it does meanwhile."""
    odd: bool = False
    """It said states that are none: its faults begin anew after each."""


def read(path: Path, until: float) -> dict[str, Truth]:
    """By charger, up to a Unix time, from a ledger that may still be written; without those that
    collide."""
    found: dict[str, Truth] = {}
    speakers: dict[str, set[str]] = {}
    with path.open(encoding="utf-8") as ledger:
        for line in _whole(ledger):
            row = json.loads(line)
            truth = found.setdefault(row["charger"], Truth())
            if row["time"] > until:
                continue
            if "truth" in row:
                _happened(truth, row["truth"], row["time"])
            else:
                speakers.setdefault(row["topic"], set()).add(row["charger"])
                _said(truth, row["topic"].rpartition("/")[2], row["payload"], row["time"])
    for who in _colliding(speakers):
        del found[who]
    return found


def _colliding(speakers: Mapping[str, set[str]]) -> set[str]:
    """Those with one announce topic have one client id, and throw each other out: at a higher
    speed that happens too often for the bridge to believe their announcements."""
    pairs = (who for topic, who in speakers.items() if "/announce/" in topic and len(who) > 1)
    return {each for who in pairs for each in who}


def _said(truth: Truth, member: str, payload: str, at: float) -> None:
    if member == "state":
        truth.odd = truth.odd or payload not in _STATES
        if payload == _NOBODY and truth.stays and truth.stays[-1].end <= at:
            truth.stays[-1].told = True
        elif payload == _NOBODY and len(truth.stays) > 1:
            truth.stays[-2].told = True


def _whole(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if line.endswith("\n"))


def _happened(truth: Truth, told: dict[str, float], at: float) -> None:
    match told["event"]:
        case "meter":
            truth.first_wh = truth.first_wh or told["wh"]
            truth.last_wh = told["wh"]
        case "frozen":
            truth.frozen_until = told["until"]
        case "session_start":
            truth.stays.append(Stay(at))
        case "session_end":
            if not truth.stays or truth.stays[-1].end <= at:
                truth.stays.append(Stay(0.0))
            truth.stays[-1].end, truth.stays[-1].wh = at, told["energy_wh"]
        case "fault":
            truth.faults += 1
        case "crash":
            truth.crashes.append(at)
