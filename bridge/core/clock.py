"""A moment on two clocks, the wall's for stamps and the steady one for durations, and its text."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """`wall` is Unix seconds and may step; `steady` is seconds that only go forward."""

    wall: float
    steady: float


def rfc3339(unix: float) -> str | None:
    """The time in UTC with milliseconds; None for 0, which stands for never."""
    if not unix:
        return None
    moment = datetime.fromtimestamp(unix, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
