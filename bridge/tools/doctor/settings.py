"""Reports invalid settings, and warnings about valid ones."""

from collections.abc import AsyncIterator, Iterable

from bridge.core.errors import Problem
from bridge.tools.cautions import settings_cautions
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, ok, warning

SUBJECT = "settings"


async def probe_settings(context: DoctorContext) -> AsyncIterator[Finding]:
    """The settings were loaded, so they are valid; one line for each warning."""
    yield ok(SUBJECT, "all valid; `nofos-bridge check` shows them")
    for caution in settings_cautions(context.settings, context.environ):
        yield warning(SUBJECT, caution)


def settings_findings(problems: Iterable[Problem]) -> Iterable[Finding]:
    """The findings where invalid settings prevent all other checks."""
    for problem in problems:
        found = f"{problem.name} ({problem.source}): {problem.wrong}"
        yield failed(SUBJECT, found, problem.remedy)
