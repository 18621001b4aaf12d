"""The options of a simulation."""

from dataclasses import dataclass
from pathlib import Path

MOST_CHARGERS = 60_000


class SimError(ValueError):
    """Invalid options; the text contains the remedy."""


@dataclass(frozen=True, slots=True)
class SimOptions:
    """`interval` is in simulated seconds, `duration` in real ones (None: until cancelled)."""

    broker: str
    chargers: int = 25
    interval: float = 30.0
    speed: float = 1.0
    seed: int = 1
    http_port: int | None = None
    scenario: str = "calm"
    ledger: Path | None = None
    recording: Path | None = None
    ca_file: Path | None = None
    http_username: str | None = None
    http_password: str | None = None
    duration: float | None = None
    base_prefix: str = "charger"
    announce_prefix: str = "openevse/announce"

    def check(self) -> None:
        """Raise SimError for a value out of range."""
        for wrong, text in (
            (not 1 <= self.chargers <= MOST_CHARGERS, f"chargers: 1 to {MOST_CHARGERS}"),
            (not 0 < self.interval < 1e9, "interval: seconds above 0"),
            (not 0 < self.speed <= 1e6, "speed: above 0, at most a million"),
            (self.duration is not None and not 0 < self.duration < 1e9, "duration: above 0"),
            (self.http_port is not None and not 1 <= self.http_port <= 65535, "http_port: 1-65535"),
            (bool(self.http_username) != bool(self.http_password), "http: user and password"),
        ):
            if wrong:
                raise SimError(text)
