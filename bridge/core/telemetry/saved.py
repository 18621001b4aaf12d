"""Filters a charger's saved state: another version, or a person, may have edited it."""

import math

from bridge.core.model import SavedState

_MOST = 2.0**53


def usable_members(saved: SavedState) -> SavedState:
    """The state without the members that no run of the bridge can have saved."""
    return {key: value for key, value in saved.items() if _usable(value)}


def _usable(value: object) -> bool:
    match value:
        case int() | float():
            # Not isfinite(): an integer may be too large for a float.
            return -_MOST < value < _MOST and not math.isnan(value)
        case str():
            return not any("\ud800" <= letter <= "\udfff" for letter in value)
        case dict():
            return all(_usable(key) and _usable(inner) for key, inner in value.items())
        case list():
            return all(map(_usable, value))
        case _:
            return value is None
