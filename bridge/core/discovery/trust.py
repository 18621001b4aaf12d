"""For how long a charger was heard on its own topic: may it be given the shared login?"""

from dataclasses import dataclass

from bridge.core.clock import Steady
from bridge.core.model import SavedState


@dataclass(slots=True)
class Trust:
    """The trust in one id on one announce topic; on another topic it begins anew."""

    topic: str | None = None
    heard_s: float = 0.0
    """Seconds, over runs, in which its live telemetry was current."""
    granted: bool = False
    """It has been given the login, or might have been, before."""
    current_steady: Steady | None = None
    """Until when `heard_s` counts; None while nothing is current."""

    def observe(self, topic: str | None, *, current: bool, steady: Steady) -> None:
        """Observe the charger now; `current`: its live telemetry is not stale."""
        if self.topic is None:
            self.topic = topic
        elif topic not in {None, self.topic}:
            # Whoever announces an id on another topic may be another device.
            self.topic, self.heard_s, self.granted, self.current_steady = topic, 0.0, False, None
        if current and self.current_steady is not None:
            self.heard_s += max(0.0, steady - self.current_steady)
        self.current_steady = steady if current else None

    def reached(self, after: float) -> bool:
        """Whether it was heard for so many seconds; with 0, there is nothing to wait for."""
        return self.granted or self.heard_s >= after

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        return {
            "trust_topic": self.topic, "trust_heard_s": self.heard_s, "trusted": self.granted,
        }  # fmt: skip


def restored_trust(saved: SavedState, topic: str | None, *, met: bool) -> Trust:
    """The trust as saved. A charger that was `met`, heard or polled, by a version that saved none
    has had the login already."""
    if "trusted" not in saved:
        return Trust(topic, granted=met)
    kept, seconds = saved.get("trust_topic"), saved.get("trust_heard_s")
    return Trust(
        kept if isinstance(kept, str) else None,
        max(0.0, float(seconds)) if isinstance(seconds, int | float) else 0.0,
        saved.get("trusted") is True,
    )
