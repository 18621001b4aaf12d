"""What contradicts a counter's believed value, and what it takes to believe it."""

from dataclasses import dataclass

from bridge.core.clock import NEVER, Unix

BELIEF_READINGS = 3
BELIEF_SECONDS = 90.0
WITNESS_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Witness:
    """Evidence for the values of one `/status`.

    `commands` is comm_success, `boots` is boot_count. `measured`: the document has the
    controller's totals, or the value is the gateway's own: a 0 in it is a true 0.
    """

    commands: float | None = None
    boots: float | None = None
    measured: bool = False

    def confirms(self, earlier: "Witness") -> bool:
        """The controller has answered commands since, with no boot in between."""
        return (
            self.commands is not None
            and earlier.commands is not None
            and self.boots == earlier.boots
            and self.commands > earlier.commands
        )


@dataclass(slots=True)
class Doubt:
    """A run of readings that contradict the believed one.

    `before`, `room` and `possible`: the most that can have been counted from the believed
    reading to the first one, since the newest, and since the first.
    """

    first: float
    value: float
    since: Unix
    latest: Unix
    before: float
    room: float = 0.0
    possible: float = 0.0
    readings: int = 1
    witness: Witness | None = None
    witnessed: Unix = NEVER

    def continued_by(self, value: float, unix: Unix, burst: float) -> bool:
        """Whether a reading fits the run; with a clock that was set back, none does."""
        return unix >= self.latest and 0 <= value - self.value <= burst + self.room

    def add(self, value: float, unix: Unix) -> None:
        self.value, self.latest, self.room = value, unix, 0.0
        self.readings += 1

    def confirmed_by_time(self, unix: Unix) -> bool:
        return self.readings >= BELIEF_READINGS and unix - self.since >= BELIEF_SECONDS

    def confirmed(self, unix: Unix, witness: Witness) -> bool:
        """Whether this `/status` confirms an earlier one."""
        earlier = self.witness
        if earlier is None or (unix - self.witnessed >= WITNESS_SECONDS and witness != earlier):
            if earlier is not None and witness.confirms(earlier):
                return True
            self.witness, self.witnessed = witness, unix
        return False


@dataclass(slots=True)
class Before:
    """What was believed before the device's value changed to `base`; `possible` is the most
    that can have been counted since."""

    value: float
    total: float
    base: float
    possible: float

    def comes_back(self, value: float, burst: float, slack: float) -> bool:
        """Whether this is the value of before, or what it can have become meanwhile."""
        return self.value - slack <= value <= self.value + self.possible + burst

    def jumps(self, last: float, value: float) -> bool:
        """Whether most of what it rose since the change rose at once, to near before."""
        near = value - self.value < self.value - self.base
        return near and 2 * (value - last) > value - self.base
