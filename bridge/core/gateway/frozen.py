"""Whether the controller is dead behind a gateway that goes on talking.

MQTT repeats the last values for ever; only /status shows it: the gateway calls the
controller unconnected, or its commands are no longer answered.
"""

from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.fields.states import STARTING
from bridge.core.fields.status import Status
from bridge.core.model import SavedState

DEAD, ALIVE = "controller is dead", "controller answers again"
"""What an event says of it."""
BELIEF = 2
UNANSWERED = 5
"""Commands in a row without one good answer; a gateway sends eight every 12 s."""
APART_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class _Link:
    """How far the talk with the controller had come at a steady time."""

    steady: Steady
    boots: float | None
    sent: float
    answered: float

    def mute_since(self, earlier: "_Link") -> bool:
        return (
            self.boots == earlier.boots
            and self.answered == earlier.answered
            and self.sent - earlier.sent >= UNANSWERED
        )


class Frozen:
    """Two documents in a row that speak for it raise it, one against it takes it back."""

    def __init__(self, saved: SavedState) -> None:
        self.frozen = saved.get("frozen") is True
        self.signs = 0
        """Documents in a row that speak for it."""
        self._link: _Link | None = None

    def observe(self, status: Status, steady: Steady) -> bool:
        """Take a document; True when the word changed."""
        sign = self._sign(status, steady)
        if sign is None:
            return False
        self.signs = self.signs + 1 if sign else 0
        frozen = self.signs >= BELIEF or (self.frozen and sign)
        changed, self.frozen = frozen != self.frozen, frozen
        return changed

    def _sign(self, status: Status, steady: Steady) -> bool | None:
        """Whether this document speaks for it; None where it tells nothing.

        After a boot the gateway has not found its controller yet.
        """
        if status.value("state_code") == STARTING:
            return None
        if status.value("rapi_connected") == 0:
            return True
        sent, answered = status.value("rapi_commands"), status.value("rapi_successes")
        if sent is None or answered is None:
            return None if status.value("rapi_connected") is None else False
        link = _Link(steady, status.value("boot_count"), sent, answered)
        before = self._link
        if before is not None and steady - before.steady < APART_SECONDS:
            return None
        self._link = link
        return before is not None and link.mute_since(before)
