"""Something that is done again and again in a thread, as long as the block."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Again:
    """Calls `work` every so many seconds; the first time after one of them."""

    def __init__(self, work: Callable[[], None], *, every: float, name: str) -> None:
        self._work = work
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._work()
