"""What `make test-fast` leaves out, and who notices a test that it should have left out."""

import subprocess
import sys

import pytest

from tests.conftest import QUICK, Unmarked
from tests.core import test_counters
from tests.kit import shares
from tests.tools import test_shards


def test_whoever_knows_a_starter_is_known() -> None:
    assert shares.knows_a_starter(sys.modules[__name__])
    assert shares.knows_a_starter(test_shards)
    assert not shares.knows_a_starter(test_counters)


def test_a_test_that_is_not_marked_starts_no_program(request: pytest.FixtureRequest) -> None:
    assert request.config.stash[QUICK] is False
    request.config.stash[QUICK] = True
    with pytest.raises(Unmarked, match="true"):
        subprocess.run(["true"], check=True)
    request.config.stash[QUICK] = False
    subprocess.run(["true"], check=True)


def test_tests_of_one_group_go_to_one_process() -> None:
    files = sorted(shares.TOGETHER)
    assert [shares.group_of(f"{file}::test[a/b]") for file in files] == [
        shares.TOGETHER[file] for file in files
    ]
    assert shares.group_of("tests/a.py::test_b") == "tests/a.py::test_b"
