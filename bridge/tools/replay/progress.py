"""What a replay says on the terminal: a bar while it goes, the count at its end."""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bridge.logs.scrub import printable
from bridge.tools.replay.bookmark import Mark
from bridge.tools.replay.resend import Sent

MOST_SHOWN = 10
LONGEST = 200


class Show:
    """No bar where nobody watches; the words come all the same."""

    def __init__(self, where: str, err: TextIO) -> None:
        self._where = where
        self._err = err
        self._bar = Progress(
            TextColumn("points"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(file=err), disable=not err.isatty(), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("points", total=None)
        self._refused = 0
        self._damaged = 0
        self._last = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, mark: Mark, total: int) -> None:
        """So many points lie ahead."""
        self._bar.update(self._task, total=total)
        if mark.stored or mark.refused:
            self._say(f"goes on after {mark.stored + mark.refused:,} points of an earlier try")

    def sent(self, sent: Sent) -> None:
        """A batch is done."""
        self._bar.advance(self._task, sent.stored + len(sent.refusals))
        self._last = ""
        for each in sent.refusals[: MOST_SHOWN - self._refused]:
            line = each.line[:LONGEST].decode(errors="replace")
            self._say(f"refused: {printable(each.reason)}: {printable(line)}")
        self._refused = min(MOST_SHOWN, self._refused + len(sent.refusals))

    def waits(self, why: str) -> None:
        """The store is away; said once for each reason in a row."""
        if why != self._last:
            self._last = why
            self._say(printable(why))

    def spoiled(self, _row: int, points: int) -> None:
        """A row of the journal cannot be read."""
        self._damaged += points

    def end(self, mark: Mark) -> None:
        """The count."""
        self._say(f"{mark.stored:,} points stored in {self._where}, {mark.refused:,} refused")
        if self._damaged:
            self._say(f"some rows of the journal are damaged; {self._damaged:,} points are missing")

    def _say(self, text: str) -> None:
        if self._bar.disable:
            self._err.write(f"{text}\n")
            self._err.flush()
        else:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
