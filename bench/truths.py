"""Reads from the simulator's ledger what really happened at each charger."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.stays import SimulatedSession

_NOT_CONNECTED = "1"
"""The state without a car."""
_STATES = frozenset(map(str, (*range(18), 254, 255)))


@dataclass(slots=True)
class Truth:
    """One charger's; times are Unix seconds, energies Wh."""

    first_wh: float = 0.0
    last_wh: float = 0.0
    stays: list[SimulatedSession] = field(default_factory=list)
    faults: int = 0
    crashes: list[float] = field(default_factory=list)
    """When they happened."""
    frozen_until: float = 0.0
    """Until when its controller last hung: its state is unknown meanwhile."""
    odd: bool = False
    """It sent invalid states: its fault counts again after each."""


def read(path: Path, until: float) -> dict[str, Truth]:
    """By charger, up to a Unix time, from a ledger that may still be written; without those that
    collide."""
    found: dict[str, Truth] = {}
    publishers: dict[str, set[str]] = {}
    with path.open(encoding="utf-8") as ledger:
        for line in _complete_lines(ledger):
            row = json.loads(line)
            truth = found.setdefault(row["charger"], Truth())
            if row["time"] > until:
                continue
            if "truth" in row:
                _process_event(truth, row["truth"], row["time"])
            else:
                publishers.setdefault(row["topic"], set()).add(row["charger"])
                _process_message(
                    truth, row["topic"].rpartition("/")[2], row["payload"], row["time"]
                )
    for who in _colliding(publishers):
        del found[who]
    return found


def _colliding(publishers: Mapping[str, set[str]]) -> set[str]:
    """Chargers with one announce topic have one client id, and disconnect each other: at a higher
    speed that happens too often for the bridge to accept their announcements."""
    pairs = (who for topic, who in publishers.items() if "/announce/" in topic and len(who) > 1)
    return {each for who in pairs for each in who}


def _process_message(truth: Truth, member: str, payload: str, at: float) -> None:
    if member == "state":
        truth.odd = truth.odd or payload not in _STATES
        if payload == _NOT_CONNECTED and truth.stays and truth.stays[-1].end <= at:
            truth.stays[-1].reported = True
        elif payload == _NOT_CONNECTED and len(truth.stays) > 1:
            truth.stays[-2].reported = True


def _complete_lines(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if line.endswith("\n"))


def _process_event(truth: Truth, event: dict[str, float], at: float) -> None:
    match event["event"]:
        case "meter":
            truth.first_wh = truth.first_wh or event["wh"]
            truth.last_wh = event["wh"]
        case "frozen":
            truth.frozen_until = event["until"]
        case "session_start":
            truth.stays.append(SimulatedSession(at))
        case "session_end":
            if not truth.stays or truth.stays[-1].end <= at:
                truth.stays.append(SimulatedSession(0.0))
            truth.stays[-1].end, truth.stays[-1].wh = at, event["energy_wh"]
        case "fault":
            truth.faults += 1
        case "crash":
            truth.crashes.append(at)
