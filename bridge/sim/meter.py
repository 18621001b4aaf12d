"""The controller's meter: total energy, session energy, charging time."""

from dataclasses import dataclass

LARGEST_WATTSEC = 2_147_483_647
_JOULES_PER_WH = 3600.0


@dataclass(slots=True)
class Meter:
    """Session figures stay after unplugging, until the next session begins."""

    total_wh: float
    session_joules: float = 0.0
    elapsed: float = 0.0

    def begin_session(self) -> None:
        """A new car starts charging."""
        self.session_joules = 0.0
        self.elapsed = 0.0

    def add(self, joules: float, seconds: float) -> None:
        """Count energy that flowed for some seconds."""
        self.total_wh += joules / _JOULES_PER_WH
        self.session_joules += joules
        self.elapsed += seconds

    def after(self, joules: float, seconds: float) -> "Meter":
        """A copy that has counted this energy."""
        return Meter(
            self.total_wh + joules / _JOULES_PER_WH,
            self.session_joules + joules,
            self.elapsed + seconds,
        )

    @property
    def session_wh(self) -> float:
        """Energy of the session, never clamped."""
        return self.session_joules / _JOULES_PER_WH

    @property
    def wattsec(self) -> int:
        """Session energy as the device reports it: a signed 32-bit number of joules."""
        return min(LARGEST_WATTSEC, int(self.session_joules))
