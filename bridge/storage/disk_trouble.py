"""Tells of trouble with the disk, and of its end, task by task."""

from bridge.disks import RepeatedLog


class DiskTroubles:
    """Knows which tasks the disk is in the way of."""

    def __init__(self, complaints: RepeatedLog) -> None:
        self._complaints = complaints
        self._open: set[str] = set()

    def met(self, task: str, why: str, lines_waiting: int) -> None:
        """The disk did not take what the task gave it."""
        self._open.add(task)
        self._complaints.report(
            "disk.trouble", about="task", level="error", task=task, why=why,
            lines_waiting=lines_waiting,
        )  # fmt: skip

    def over(self, task: str) -> None:
        """It took it, as it mostly does."""
        if task in self._open:
            self._open.discard(task)
            ends = ("disk.trouble",)
            self._complaints.resolved("disk.takes_again", ends=ends, about="task", task=task)
