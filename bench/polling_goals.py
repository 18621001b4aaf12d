"""What polls may cost, and how late they may come."""

from collections.abc import Iterator

from bench.goal import MILLI, Goal, lag_goal
from bench.polling import PollingBench

MILLIS_PER_POLL = 1.5
MOST_OF_PERIOD = 1.2
MEGA = 1e6


def polling_goals(found: PollingBench) -> Iterator[Goal]:
    """Rows of a report."""
    fleet = f"{found.chargers:,} chargers polled every {found.every:g} s"
    gap = found.worst_gap / found.every
    yield Goal(
        f"{fleet}, asked in the window",
        f"{found.polled:,} ({found.polls:,} polls)",
        "all",
        found.polled == found.chargers,
    )
    yield Goal(
        f"{fleet}, longest wait for a poll as a part of the period",
        f"{gap:.2f} ({found.worst_gap:.1f} s; stretch {found.stretch:.2f})",
        f"≤ {MOST_OF_PERIOD:g}",
        gap <= MOST_OF_PERIOD,
    )
    yield Goal(
        "CPU per poll, store and journal included",
        f"{found.cpu_per_poll * MILLI:.2f} ms "
        f"({found.cores:.2f} cores with polls, {found.cores_without:.2f} without)",
        f"≤ {MILLIS_PER_POLL:g} ms",
        # A poll that did not take place costs nothing.
        found.cpu_per_poll * MILLI <= MILLIS_PER_POLL and found.polled == found.chargers,
    )
    lost = abs(found.missing) + abs(found.unaccounted)
    yield Goal(f"missing or unaccounted at {found.rate:,}/s beside", f"{lost:,}", "0", lost == 0)
    yield lag_goal(f"loop lag, {fleet}", found.lag)
    yield Goal(
        f"resident memory, {fleet}",
        f"{found.resident / MEGA:.0f} MB; {found.resident_without / MEGA:.0f} MB before",
        "stated", None,
    )  # fmt: skip
