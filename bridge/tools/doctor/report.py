"""Prints findings: one line each, followed by the remedy."""

from collections import Counter
from typing import TextIO

from bridge.logs.scrub import printable
from bridge.tools.doctor.finding import Finding, FindingStatus

_STATUS_WIDTH = max(len(verdict.value) for verdict in FindingStatus)
_SUBJECT_WIDTH = 16


class DoctorReport:
    """Writes findings to `out` as they are found; control characters are escaped."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._count: Counter[FindingStatus] = Counter()

    def add(self, finding: Finding) -> None:
        self._count[finding.status] += 1
        subject = f"{finding.status:<{_STATUS_WIDTH}}  {finding.subject:<{_SUBJECT_WIDTH}}"
        self._write_line(f"{subject}  {finding.message}")
        if finding.remedy is not None:
            self._write_line(f"{'':<{_STATUS_WIDTH}}  remedy: {finding.remedy}")
        self._out.flush()

    def finish(self) -> bool:
        """Write the totals to `err`; returns whether nothing failed."""
        parts = [f"{self._count[each]} {each}" for each in FindingStatus if self._count[each]]
        self._err.write(", ".join(parts) + "\n")
        return not self._count[FindingStatus.FAILED]

    def _write_line(self, line: str) -> None:
        self._out.write(f"{printable(line)}\n")
