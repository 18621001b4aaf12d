"""Counts trouble with the disk beside logging it, whoever met it."""

from collections.abc import Callable, Sequence

from bridge.logs import RepeatedLog

TROUBLE = "disk.trouble"


class DiskLog:
    """A repeated log that counts each `disk.trouble` by its task."""

    def __init__(self, repeated_log: RepeatedLog, count: Callable[[str], None]) -> None:
        self._repeated_log = repeated_log
        self._count = count

    def report(
        self, event: str, *, about: str = "task", level: str = "warning", **fields: object
    ) -> None:
        """Log it, at most once a minute, and count it."""
        if event == TROUBLE:
            self._count(str(fields.get("task")))
        self._repeated_log.report(event, about=about, level=level, **fields)

    def resolved(self, event: str, *, ends: Sequence[str], about: str, **fields: object) -> None:
        """Log that it is over."""
        self._repeated_log.resolved(event, ends=ends, about=about, **fields)
