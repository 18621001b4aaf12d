"""How the tests are shared out among pytest's processes, and in which order."""

from collections.abc import Mapping

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

TOGETHER: Mapping[str, str] = {
    "tests/alerts/test_quiet.py": "quiet day",
    "tests/dashboards/influxql/test_queries.py": "bad day",
    "tests/dashboards/promql/test_queries.py": "bad day",
    "tests/web/test_large_fleet.py": "large fleet",
}
"""Files that go to one process by group, for what they share takes long to make."""
FIRST = (
    "tests/whole/test_kill.py",
    "tests/whole/test_week.py",
    "tests/dashboards/influxql/test_queries.py",
    "tests/dashboards/promql/test_queries.py",
    "tests/alerts/test_quiet.py",
    "tests/whole/",
    "tests/web/test_large_fleet.py",
    "tests/alerts/test_live.py",
    "tests/tools/test_shards.py",
)
"""What takes longest begins first, so that at the end no process waits for another."""


class Shares(LoadScopeScheduling):  # type: ignore[misc]  # of no known type
    """Test by test to whoever is free; a group as a whole.

    xdist's own groups (`--dist loadgroup`) rest on marks and do nothing under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Sort the tests; those that are not named stay in their order."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((n for n, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))
