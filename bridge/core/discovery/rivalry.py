"""The other charger of a duplicate, so that a duplicate is reported once and not each time."""

from dataclasses import dataclass

from bridge.core.clock import NEVER, Unix

REPORT_AGAIN_SECONDS = 86_400.0
"""After so long without a conflict, the next one is reported again."""


@dataclass(slots=True)
class Rivalry:
    """The other charger's id, and the last conflict in Unix seconds."""

    other: str | None = None
    last_unix: Unix = NEVER

    def forget(self) -> None:
        """The conflict is over."""
        self.other, self.last_unix = None, NEVER

    def observe(self, other: str, unix: Unix) -> bool:
        """Record a conflict; True where it is to be reported."""
        # A conflict in the future is from a clock that was wrong.
        recent = 0.0 <= unix - self.last_unix <= REPORT_AGAIN_SECONDS
        report = self.other != other or not recent
        self.other, self.last_unix = other, unix
        return report
