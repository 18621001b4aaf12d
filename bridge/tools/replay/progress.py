"""Shows a replay's progress on the terminal, and the totals at its end."""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bridge.logs.scrub import printable
from bridge.tools.replay.position import ReplayPosition
from bridge.tools.replay.resend import BatchResult

MAX_REFUSALS_SHOWN = 10
MAX_LINE_SHOWN = 200


class ReplayProgress:
    """The progress bar is shown on a terminal only, the messages always."""

    def __init__(self, url: str, err: TextIO) -> None:
        self._url = url
        self._err = err
        self._bar = Progress(
            TextColumn("points"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(file=err), disable=not err.isatty(), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("points", total=None)
        self._refused = 0
        self._damaged = 0
        self._last_reason = ""

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

    def start(self, position: ReplayPosition, total: int) -> None:
        """Start with so many points to send."""
        self._bar.update(self._task, total=total)
        if position.stored or position.refused:
            done = position.stored + position.refused
            self._print(f"continues after {done:,} points of an earlier attempt")

    def batch_sent(self, batch: BatchResult) -> None:
        """A batch was sent."""
        self._bar.advance(self._task, batch.stored + batch.refused)
        self._last_reason = ""
        for each in batch.refusals[: MAX_REFUSALS_SHOWN - self._refused]:
            line = each.line[:MAX_LINE_SHOWN].decode(errors="replace")
            self._print(f"refused: {printable(each.reason)}: {printable(line)}")
        self._refused = min(MAX_REFUSALS_SHOWN, self._refused + len(batch.refusals))

    def waiting(self, why: str) -> None:
        """The store is unavailable; printed once for each reason in a row."""
        if why != self._last_reason:
            self._last_reason = why
            self._print(printable(why))

    def row_damaged(self, _row: int, points: int) -> None:
        """A row of the journal is damaged."""
        self._damaged += points

    def finish(self, position: ReplayPosition) -> None:
        """Print the totals."""
        self._print(
            f"{position.stored:,} points stored in {self._url}, {position.refused:,} refused"
        )
        if self._damaged:
            self._print(
                f"some rows of the journal are damaged; {self._damaged:,} points are missing"
            )

    def _print(self, text: str) -> None:
        if self._bar.disable:
            self._err.write(f"{text}\n")
            self._err.flush()
        else:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
