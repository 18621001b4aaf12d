"""Whether the controller is dead behind a gateway that still publishes.

MQTT repeats the last values for ever; only /status shows it: the gateway reports the
controller as not connected, or its commands are no longer answered.
"""

from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.fields.states import STARTING
from bridge.core.fields.status import Status
from bridge.core.model import SavedState

DEAD, ALIVE = "controller is dead", "controller answers again"
"""The texts of the events."""
CONFIRMATIONS = 2
UNANSWERED = 5
"""Consecutive commands without a good reply; a gateway sends eight every 12 s."""
APART_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class _CommandCounts:
    """The gateway's counts of commands and good replies at a steady time."""

    steady: Steady
    boots: float | None
    sent: float
    answered: float

    def unanswered_since(self, earlier: "_CommandCounts") -> bool:
        return (
            self.boots == earlier.boots
            and self.answered == earlier.answered
            and self.sent - earlier.sent >= UNANSWERED
        )


class Frozen:
    """Two consecutive documents that show it set `frozen`, one against it clears it."""

    def __init__(self, saved: SavedState) -> None:
        self.frozen = saved.get("frozen") is True
        self.signs = 0
        """Consecutive documents that show it."""
        self._counts: _CommandCounts | None = None

    def observe(self, status: Status, steady: Steady) -> bool:
        """Record a document; True if `frozen` changed."""
        sign = self._sign(status, steady)
        if sign is None:
            return False
        self.signs = self.signs + 1 if sign else 0
        frozen = self.signs >= CONFIRMATIONS or (self.frozen and sign)
        changed, self.frozen = frozen != self.frozen, frozen
        return changed

    def _sign(self, status: Status, steady: Steady) -> bool | None:
        """Whether this document shows a dead controller; None where it is inconclusive.

        After a boot the gateway has not found its controller yet.
        """
        if status.value("state_code") == STARTING:
            return None
        if status.value("rapi_connected") == 0:
            return True
        sent, answered = status.value("rapi_commands"), status.value("rapi_successes")
        if sent is None or answered is None:
            return None if status.value("rapi_connected") is None else False
        counts = _CommandCounts(steady, status.value("boot_count"), sent, answered)
        before = self._counts
        if before is not None and steady - before.steady < APART_SECONDS:
            return None
        self._counts = counts
        return before is not None and counts.unanswered_since(before)
