"""How far the bridge's clock is from a reference: positive where it is ahead."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from statistics import median

TOLERANCE_SECONDS = 5.0
"""A larger offset is reported."""
FEWEST_CHARGERS = 3


def offset_from_date(date: str | None, began: float, ended: float) -> float | None:
    """The offset from an HTTP server's `Date`, which has whole seconds, for a request in
    between these Unix times; None where the header is absent or no date."""
    try:
        server = parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return None
    if began > server + 1.0:
        return began - (server + 1.0)
    return min(0.0, ended - server)


def offset_from_skews(skews: Sequence[float]) -> float | None:
    """The offset from the chargers' clocks, whose skew against the bridge's is given.

    None unless at least three, and more than half, agree with their median to five seconds.
    """
    if len(skews) < FEWEST_CHARGERS:
        return None
    middle = median(skews)
    agreeing = sum(abs(skew - middle) <= TOLERANCE_SECONDS for skew in skews)
    if agreeing < FEWEST_CHARGERS or 2 * agreeing <= len(skews):
        return None
    return 0.0 - middle
