"""`refused`: lines that a store refused, and why."""

from pathlib import Path
from typing import TextIO

from bridge.core.clock import rfc3339
from bridge.logs.scrub import printable
from bridge.storage.readonly import refused_rows


def print_refused(folder: Path, out: TextIO) -> None:
    """One line each: time, store, reason, line protocol, separated by tabs."""
    for row in refused_rows(folder):
        line = printable(row.line.decode(errors="replace"))
        reason = printable(" ".join(row.reason.split()))
        out.write(f"{rfc3339(row.time_ms / 1000)}\t{row.store}\t{reason}\t{line}\n")
