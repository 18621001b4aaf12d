"""A progress bar on the terminal while something is waited for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn


class Advance(Protocol):
    """Redraws the progress bar."""

    def __call__(self) -> None: ...


@contextmanager
def show_waiting(text: str, seconds: float, err: TextIO) -> Iterator[Advance]:
    """Show a progress bar during the block; without a terminal, one line at the start."""
    if not err.isatty():
        err.write(f"{text}, for up to {seconds:g} s\n")
        err.flush()
        yield lambda: None
        return
    started = time.monotonic()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(file=err), transient=True) as progress:
        task = progress.add_task(text, total=seconds, left="")

        def tick() -> None:
            elapsed = time.monotonic() - started
            progress.update(task, completed=elapsed, left=f"{max(0.0, seconds - elapsed):.0f} s")

        tick()
        yield tick
