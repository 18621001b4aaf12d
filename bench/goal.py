"""One figure beside what is to be reached."""

from dataclasses import dataclass

MILLI = 1000
STALL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure; `met` is None where there is nothing to compare with."""

    figure: str
    measured: str
    aim: str
    met: bool | None

    def row(self) -> list[str]:
        word = {True: "yes", False: "**no**", None: "-"}[self.met]
        return [self.figure, self.measured, self.aim, word]


def lag_goal(figure: str, seconds: float) -> Goal:
    """Of the loop's lag, known up to the edge of a bucket."""
    text = f"every one ≤ {seconds * MILLI:g} ms" if seconds < float("inf") else "over 5 s"
    return Goal(figure, text, f"≤ {STALL_SECONDS * MILLI:g} ms", seconds <= STALL_SECONDS)
