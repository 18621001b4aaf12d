"""What a process used, as the kernel counts it."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KILO = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of all threads so far and resident bytes, at a monotonic time."""

    at: float
    cpu: float
    resident: int
    peak: int


def usage(pid: int) -> Usage:
    """utime and stime of /proc/PID/stat; VmRSS and VmHWM of /proc/PID/status."""
    # The name in parentheses may hold anything, spaces too.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    return Usage(
        at=time.monotonic(),
        cpu=(int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND,
        resident=_bytes(status["VmRSS"]),
        peak=_bytes(status["VmHWM"]),
    )


def _bytes(text: str) -> int:
    return int(text.split()[0]) * KILO
