"""Logs trouble with the disk, and its end, once for each task."""

from collections.abc import Sequence
from typing import Protocol


class TroubleLog(Protocol):
    """A log that writes the same report at most once a minute."""

    def report(self, event: str, *, about: str, level: str, **fields: object) -> None:
        """Log it, or count it where it was logged just now."""

    def resolved(self, event: str, *, ends: Sequence[str], about: str, **fields: object) -> None:
        """Log that it is over."""


class DiskTroubles:
    """Remembers for which tasks the disk is failing."""

    def __init__(self, repeated_log: TroubleLog) -> None:
        self._repeated_log = repeated_log
        self._failing: set[str] = set()

    def failed(self, task: str, why: str, lines_waiting: int) -> None:
        """The disk did not accept what the task wrote."""
        self._failing.add(task)
        self._repeated_log.report(
            "disk.trouble", about="task", level="error", task=task, why=why,
            lines_waiting=lines_waiting,
        )  # fmt: skip

    def succeeded(self, task: str) -> None:
        """The disk accepted what the task wrote."""
        if task in self._failing:
            self._failing.discard(task)
            ends = ("disk.trouble",)
            self._repeated_log.resolved("disk.takes_again", ends=ends, about="task", task=task)
