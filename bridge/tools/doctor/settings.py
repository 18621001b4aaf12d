"""Tries the settings: what may surprise in them, beside what keeps a bridge from running."""

from collections.abc import AsyncIterator, Iterable

from bridge.core.errors import Problem
from bridge.tools.cautions import settings_cautions
from bridge.tools.doctor.finding import Case, Finding, doubtful, failed, good

SUBJECT = "settings"


async def probe_settings(case: Case) -> AsyncIterator[Finding]:
    """They could be read, so they are good; a line for each that surprises."""
    yield good(SUBJECT, "all can be used; `nofos-bridge check` shows them")
    for caution in settings_cautions(case.settings, case.environ):
        yield doubtful(SUBJECT, caution)


def wrong_settings(problems: Iterable[Problem]) -> Iterable[Finding]:
    """What is said where nothing else can be tried."""
    for problem in problems:
        found = f"{problem.name} ({problem.source}): {problem.wrong}"
        yield failed(SUBJECT, found, problem.remedy)
