"""Many bridges share a fleet: what moves when their number changes, and what the new owner says."""

from collections import Counter

import pytest

from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.shard import shard_of
from bridge.core.model import ChargerId
from tests.kit.core import Bench, restarted

IDS = [ChargerId(f"{n * 2_654_435_761 % 2**48:012x}") for n in range(100_000)]
MINE = ChargerId("abc123")
ENERGY = f'evse_energy_joules_total{{charger="{MINE}"}}'
DAY = 86_400.0


def owners(count: int) -> list[int]:
    return [shard_of(charger, count) for charger in IDS]


@pytest.mark.parametrize(
    ("count", "least", "most"),
    [(1, 49_000, 51_000), (2, 32_400, 34_300), (4, 19_200, 20_800), (9, 9_400, 10_600)],
)
def test_one_shard_more_takes_its_share_and_nothing_else_moves(
    count: int, least: int, most: int
) -> None:
    """Of 100,000 ids, a part in count + 1; the same ones come back when the shard goes again."""
    fewer, more = owners(count), owners(count + 1)
    moved = [(old, new) for old, new in zip(fewer, more, strict=True) if old != new]
    assert least < len(moved) < most
    assert {new for _, new in moved} == {count}


def test_the_shards_are_of_one_size() -> None:
    sizes = Counter(owners(5))
    assert sorted(sizes) == [0, 1, 2, 3, 4]
    assert all(19_400 < size < 20_600 for size in sizes.values())


@pytest.mark.parametrize(
    ("charger", "known"),
    [
        ("5c013b1a2b3c", [0, 1, 2, 3, 3, 5]),
        ("x", [0, 1, 2, 2, 2, 2]),
        ("six", [0, 1, 2, 2, 4, 4]),
    ],
)
def test_an_owner_is_the_same_in_every_release(charger: str, known: list[int]) -> None:
    """A new version that shared out anew would move the whole fleet."""
    assert [shard_of(ChargerId(charger), count) for count in range(1, 7)] == known


def test_more_than_eight_shards_keep_to_it() -> None:
    assert [shard_of(ChargerId("four"), count) for count in (8, 9, 16, 17, 40)] == [7, 7, 7, 7, 31]


def meter(bench: Bench, wh: int, seconds: float = 30.0) -> None:
    bench.hear(("charger/one/wh", str(wh)), ("charger/one/state", "3"))
    bench.wait(seconds)


def after_a_reset() -> Bench:
    """A charger whose controller began anew at 0 after 5,000 Wh; it charged 100 Wh since."""
    bench = Bench()
    bench.announce(MINE)
    meter(bench, 5000)
    for wh in (10, 20, 40, 60, 80, 100):
        meter(bench, wh)
    assert bench.metrics()[ENERGY] > 5000 * 3600
    return bench


def elsewhere() -> FleetConfig:
    return FleetConfig(shard=1 - shard_of(MINE, 2), shards=2)


def here() -> FleetConfig:
    return FleetConfig(shard=shard_of(MINE, 2), shards=2)


def test_the_new_owner_begins_at_the_devices_own_total() -> None:
    after_a_reset()
    bench = Bench(here())
    bench.announce(MINE, retained=True)
    meter(bench, 110)
    assert bench.metrics()[ENERGY] == 110 * 3600


def test_a_bridge_that_lost_a_charger_shows_nothing_of_it_from_its_first_scrape_on() -> None:
    before = after_a_reset()
    bench = restarted(before, rules=elsewhere())
    bench.announce(MINE, retained=True)
    meter(bench, 120)
    assert [name for name in bench.metrics() if MINE in name] == []
    assert bench.lines() == []
    assert bench.registry.telemetries == {}


def test_a_charger_that_comes_back_goes_on_above_what_was_shown_of_it() -> None:
    before = after_a_reset()
    shown = before.metrics()[ENERGY]
    away = restarted(before, rules=elsewhere())
    # What another shard's charger left in the state file is still there.
    bench = restarted(before, after=5 * DAY, rules=here())
    assert away.saved() == {}
    bench.announce(MINE, retained=True)
    meter(bench, 80_100)
    assert bench.metrics()[ENERGY] == shown + 80_000 * 3600


def test_a_move_ends_nothing_and_faults_count_from_zero_at_the_new_owner() -> None:
    """A session in progress is known to its new owner from the first state on."""
    before = after_a_reset()
    before.hear(("charger/one/state", "6"))
    before.registry.close()
    assert not [line for line in before.lines() if line.startswith("evse_charge")]
    bench = Bench(here())
    bench.announce(MINE, retained=True)
    bench.hear(("charger/one/state", "6"))
    bench.wait(1)
    assert bench.metrics()[f'evse_faults_total{{charger="{MINE}",fault="gfci_fault"}}'] == 0
    assert bench.metrics()[f'evse_fault{{charger="{MINE}"}}'] == 1
