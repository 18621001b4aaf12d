"""Findings as an operator reads them: a line each, and its remedy below it."""

from collections import Counter
from typing import TextIO

from bridge.logs.scrub import printable
from bridge.tools.doctor.finding import Finding, Verdict

_VERDICT_WIDTH = max(len(verdict.value) for verdict in Verdict)
_SUBJECT_WIDTH = 16


class Report:
    """Writes findings to `out` as they come; nothing in them can steer a terminal."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._count: Counter[Verdict] = Counter()

    def add(self, finding: Finding) -> None:
        self._count[finding.verdict] += 1
        subject = f"{finding.verdict:<{_VERDICT_WIDTH}}  {finding.subject:<{_SUBJECT_WIDTH}}"
        self._say(f"{subject}  {finding.found}")
        if finding.remedy is not None:
            self._say(f"{'':<{_VERDICT_WIDTH}}  remedy: {finding.remedy}")
        self._out.flush()

    def close(self) -> bool:
        """The sum on `err`; whether nothing failed."""
        parts = [f"{self._count[each]} {each}" for each in Verdict if self._count[each]]
        self._err.write(", ".join(parts) + "\n")
        return not self._count[Verdict.FAILED]

    def _say(self, line: str) -> None:
        self._out.write(f"{printable(line)}\n")
