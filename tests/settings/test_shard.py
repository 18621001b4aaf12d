"""A replica's number comes from its settings, or from the ordinal in its host name."""

import pytest

from bridge.settings import load
from tests.kit.settings import only_problem


@pytest.mark.parametrize(
    ("hostname", "index"), [("bridge-0", 0), ("nofos-bridge-2", 2), ("a-12-1", 1)]
)
def test_the_shard_is_the_ordinal_of_the_host(hostname: str, index: int) -> None:
    settings = load(None, {"NOFOS_SHARD__COUNT": "3", "HOSTNAME": hostname})
    assert settings.shard.index == index
    assert settings.source_of("shard.index") == "environment HOSTNAME"


def test_a_named_shard_wins_over_the_host() -> None:
    environ = {"NOFOS_SHARD__COUNT": "3", "NOFOS_SHARD__INDEX": "1", "HOSTNAME": "bridge-2"}
    assert load(None, environ).shard.index == 1


def test_one_shard_takes_no_ordinal() -> None:
    assert load(None, {"HOSTNAME": "bridge-2"}).shard.index == 0


@pytest.mark.parametrize("hostname", ["bridge", "bridge-x", "", "bridge-3"])
def test_a_host_without_a_fitting_ordinal_is_wrong(hostname: str) -> None:
    only = only_problem(None, {"NOFOS_SHARD__COUNT": "3", "HOSTNAME": hostname})
    assert only.name == "shard.index"
    assert only.source == "environment HOSTNAME"
