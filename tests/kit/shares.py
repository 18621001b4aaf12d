"""Which tests go to which of pytest's processes, in which order, and which are the quick ones."""

import functools
import sys
from collections.abc import Mapping
from types import ModuleType

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
    "tests/whole/test_node_dies.py",
    "tests/whole/test_node_dies_unheard.py",
    "tests/alerts/test_live.py",
    "tests/whole/test_fidelity.py",
    "tests/whole/test_asking.py",
    "tests/whole/test_week.py",
    "tests/dashboards/influxql/test_queries.py",
    "tests/dashboards/promql/test_queries.py",
    "tests/alerts/test_quiet.py",
    "tests/web/test_large_fleet.py",
)
"""What takes longest begins first, so that at the end no process waits for another. Kills under
load have the machine nearly to themselves: beside them run tests that mostly wait."""


class Shares(LoadScopeScheduling):  # type: ignore[misc]  # of no known type
    """Test by test to whoever is free; a group as a whole.

    xdist's own groups (`--dist loadgroup`) rest on marks and do nothing under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """What is shared out as one; most tests by themselves."""
    return TOGETHER.get(nodeid.partition("::")[0], nodeid)


MARKERS = (
    "program: starts programs, or its module knows what does; marked by itself",
    "slow: begins first; marked by itself",
)
_STARTERS = frozenset({"subprocess", "asyncio.subprocess", "multiprocessing", "tests.kit.forked"})
_FIXTURES = frozenset({"mosquitto", "victoria", "broker", "world"})


def mark(items: list[pytest.Item]) -> None:
    """Mark what is not for `make test-fast`."""
    for item in items:
        assert isinstance(item, pytest.Function)
        if _FIXTURES & set(item.fixturenames) or knows_a_starter(item.module):
            item.add_marker("program")
        if _place(item.nodeid) < len(FIRST):
            item.add_marker("slow")


@functools.cache
def knows_a_starter(module: ModuleType) -> bool:
    """Whether a module of the tests has to do with what starts programs, directly or not."""
    known = {_home(value) for value in vars(module).values()} - {module.__name__}
    return bool(known & _STARTERS) or any(
        knows_a_starter(sys.modules[name])
        for name in known
        if name.startswith(("tests.", "bench.")) and name in sys.modules
    )


def _home(value: object) -> str:
    """The module that something is, or is from."""
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return home if isinstance(home, str) else ""


def longest_first(items: list[pytest.Item]) -> None:
    """Sort the tests; those that are not named stay in their order."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((n for n, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))
