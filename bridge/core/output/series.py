"""The exposition as the core uses it: one object per series, looked up once."""

from collections.abc import Mapping
from typing import Protocol

from bridge.core.model import ChargerId


class Series(Protocol):
    """One exposed series."""

    def set(self, value: float) -> None:
        """Expose this value from now on."""

    def set_text(self, ending: bytes) -> None:
        """Expose this value, as formatted by a decoder."""

    def clear(self) -> None:
        """Expose nothing: no value is better than an outdated one."""


class SeriesTable(Protocol):
    """All series by family, charger and labels."""

    def drop(self, family: str, charger: ChargerId) -> None:
        """Remove all of a charger's series of one family."""

    def series(self, family: str, charger: ChargerId, labels: Mapping[str, str]) -> Series:
        """One series; it exposes nothing until a value is set."""
