"""What of a charger's saved state can be used: another version, or a person, may have edited it."""

import math

from bridge.core.model import SavedState

_MOST = 2.0**53


def usable_members(saved: SavedState) -> SavedState:
    """The state without the members that no run of the bridge can have saved."""
    return {key: value for key, value in saved.items() if _sound(value)}


def _sound(value: object) -> bool:
    match value:
        case int() | float():
            # Not isfinite() first: an integer may be too large to be looked at as a float.
            return -_MOST < value < _MOST and not math.isnan(value)
        case str():
            return not any("\ud800" <= letter <= "\udfff" for letter in value)
        case dict():
            return all(_sound(key) and _sound(inner) for key, inner in value.items())
        case list():
            return all(map(_sound, value))
        case _:
            return value is None
