"""Counts what is in flight, in all and of each client address."""

import contextlib
from collections import Counter
from collections.abc import Iterator


class InFlight:
    """Clients with nothing in flight take no memory."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """The number of all clients."""
        return self._counts.total()

    def of(self, client: str) -> int:
        """The number of one client address."""
        return self._counts[client]

    @contextlib.contextmanager
    def counted(self, client: str) -> Iterator[None]:
        """Count one of this client during the block."""
        self._counts[client] += 1
        try:
            yield
        finally:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]
