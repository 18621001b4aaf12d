"""Columns that a store has as another type: they are left out, and tried again after an hour."""

from collections.abc import Mapping

from bridge.core.errors import TypeConflict

RETRY_SECONDS = 3600.0
MOST = 500
"""More than the bridge has columns; further ones are tried with each batch."""


class WithheldColumns:
    """The columns that one store refused, each with its reason, in steady time."""

    def __init__(self) -> None:
        self._reasons: dict[TypeConflict, str] = {}
        self._until: dict[TypeConflict, float] = {}

    def add(self, conflicts: Mapping[TypeConflict, str], steady: float) -> None:
        """The store refused these just now."""
        for conflict, reason in conflicts.items():
            if len(self._until) < MOST:
                self._reasons[conflict] = reason
                self._until[conflict] = steady + RETRY_SECONDS

    def reasons(self, steady: float) -> Mapping[TypeConflict, str]:
        """Those that are still left out, with the store's reason."""
        for conflict in [each for each, until in self._until.items() if until <= steady]:
            del self._until[conflict], self._reasons[conflict]
        return self._reasons
