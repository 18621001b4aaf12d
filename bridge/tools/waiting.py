"""A line on the terminal that shows how long something is waited for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn


class Tick(Protocol):
    """Moves the line on."""

    def __call__(self) -> None: ...


@contextmanager
def waiting(what: str, seconds: float, err: TextIO) -> Iterator[Tick]:
    """The line while the block waits; elsewhere than on a terminal it is said once."""
    if not err.isatty():
        err.write(f"{what}, for up to {seconds:g} s\n")
        err.flush()
        yield lambda: None
        return
    began = time.monotonic()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(file=err), transient=True) as progress:
        task = progress.add_task(what, total=seconds, left="")

        def tick() -> None:
            gone = time.monotonic() - began
            progress.update(task, completed=gone, left=f"{max(0.0, seconds - gone):.0f} s")

        tick()
        yield tick
