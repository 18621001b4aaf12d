"""The controller's queries and the meaning of their replies: a table, and how it is read.

Sources: integration guide, "Query and status commands"; where it leaves a value's position
open, the comments in the controller's firmware, which count values from 1 as the guide does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from bridge.core.rapi.parts import (
    RapiPart,
    RapiValue,
    bits,
    clock,
    degrees,
    milli,
    moment,
    old_state,
    state,
    trips,
    whole,
    word,
)


class Query(Enum):
    """All commands that are ever sent to a controller; none of them changes it."""

    VERSIONS = "$GV"
    STATE = "$GS"
    CLOCK = "$GT"
    POWER = "$GG"
    TEMPERATURES = "$GP"
    ENERGY = "$GU"
    FAULTS = "$GF"
    SETTINGS = "$GE"
    CAPACITY = "$GC"
    TIMER = "$GD"
    CALIBRATION = "$GA"


_NAMED = {query.value: query for query in Query}


def query_named(text: str) -> Query | None:
    """The query named by `$GS`, `GS` or `gs`; the text itself is never sent."""
    return _NAMED.get(f"${text.strip().removeprefix('$').upper()}")


_ELAPSED = whole("elapsed", "s", "elapsed")
FORMS: Mapping[Query, tuple[tuple[RapiPart, ...], ...]] = {
    Query.VERSIONS: ((word("firmware"), word("protocol")),),
    # Old protocols have two values, the state in decimal.
    Query.STATE: (
        (state("state", "state"), _ELAPSED, state("pilot_state"), bits("flags")),
        (old_state("state", "state"), _ELAPSED),
    ),
    Query.CLOCK: ((moment("time"),),),
    Query.POWER: ((milli("current", "A"), milli("voltage", "V")),),
    Query.TEMPERATURES: ((degrees("temp1"), degrees("temp2"), degrees("temp3")),),
    Query.ENERGY: (
        (whole("session_energy", "Ws", "wattsec"), whole("total_energy", "Wh", "watthour")),
    ),
    Query.FAULTS: (
        (
            trips("gfci_trips", "gfcicount"),
            trips("no_ground_trips", "nogndcount"),
            trips("stuck_relay_trips", "stuckcount"),
        ),
    ),
    Query.SETTINGS: ((whole("pilot", "A", "pilot"), bits("flags")),),
    Query.CAPACITY: (
        (
            whole("minimum", "A"),
            whole("hardware_maximum", "A"),
            whole("pilot", "A", "pilot"),
            whole("configured_maximum", "A"),
        ),
        (whole("minimum", "A"), whole("hardware_maximum", "A")),
    ),
    Query.TIMER: ((clock("start"), clock("end")),),
    Query.CALIBRATION: ((whole("current_scale"), whole("current_offset")),),
}


def decode(query: Query, words: Sequence[str]) -> tuple[RapiValue, ...] | None:
    """The values of a reply's words after `$OK`; None for words of another form."""
    for form in FORMS[query]:
        patterns = [pattern for part in form for pattern in part.patterns]
        if len(patterns) == len(words) and all(map(re.Pattern.fullmatch, patterns, words)):
            return _read(form, words)
    return None


def _read(form: Iterable[RapiPart], words: Sequence[str]) -> tuple[RapiValue, ...] | None:
    values: list[RapiValue] = []
    at = 0
    for part in form:
        value = part.read(part, words[at : at + len(part.patterns)])
        if value is None:
            return None
        values.append(value)
        at += len(part.patterns)
    return tuple(values)


def members(values: Iterable[RapiValue]) -> dict[str, int]:
    """The values that `/status` has too, under its keys and in its units."""
    return {
        value.wire: value.number
        for value in values
        if value.wire is not None and value.number is not None
    }
