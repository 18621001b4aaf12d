"""The boundary around a task: an unforeseen error is reported, and the task goes on."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bridge.core.backoff import Backoff

FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0
STABLE_SECONDS = 60.0
"""A task that ran for so long works again."""
FAILING_SECONDS = 300.0
"""A vital task that fails for so long needs a restart of the process."""
VITAL = ("mqtt", "tick", "committer")


@dataclass(slots=True)
class _Task:
    began: float
    backoff: Backoff = field(
        default_factory=lambda: Backoff(
            random.random, first=FIRST_WAIT, most=LONGEST_WAIT, jitter=0.5
        )
    )
    failing_since: float | None = None
    waits: bool = False


class TaskBoundary:
    """Starts tasks again after an error, with back-off; `report` gets each error."""

    def __init__(
        self,
        report: Callable[[str, Exception], None],
        *,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._report = report
        self._steady = steady
        self._sleep = sleep
        self._tasks: dict[str, _Task] = {}

    async def run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run the work until it ends by itself or is cancelled."""
        task = self._tasks[name] = _Task(self._steady())
        while True:
            task.began, task.waits = self._steady(), False
            try:
                return await work()
            except Exception as error:  # noqa: BLE001  # one task must not end the process
                self._failed(name, task, error)
            await self._sleep(task.backoff.next())

    def failing(self) -> str | None:
        """A vital task that has been failing for five minutes."""
        now = self._steady()
        for name in VITAL:
            task = self._tasks.get(name)
            if task is None or task.failing_since is None:
                continue
            works = not task.waits and now - task.began >= STABLE_SECONDS
            if not works and now - task.failing_since >= FAILING_SECONDS:
                return f"the task {name} has been failing for {now - task.failing_since:.0f} s"
        return None

    def _failed(self, name: str, task: _Task, error: Exception) -> None:
        now = self._steady()
        if task.failing_since is None or now - task.began >= STABLE_SECONDS:
            task.failing_since = now
            task.backoff.reset()
        task.waits = True
        self._report(name, error)
