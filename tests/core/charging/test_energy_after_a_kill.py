"""The energy total after a kill: never below what was shown, whatever the first reading says."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.model import SavedState
from bridge.core.output.batch import Batch
from bridge.storage.journal import Journal
from tests.core.charging.test_energy import TOTAL, followed, send
from tests.kit.core import Bench


def killed(folder: Path, lines: Sequence[bytes], saved: dict[str, SavedState], old: Bench) -> Bench:
    """A new run on the state as it was `saved`, and on a journal that has the lines."""

    async def newest() -> dict[str, list[tuple[float, float]]]:
        journal = await Journal.open(
            folder, stores=(), keep=timedelta(days=7), limit=10**9, points_lost=lambda *_: None
        )
        for line in lines:
            await journal.append(Batch([line], [1], 1, 1))
        totals = await journal.newest_totals()
        await journal.close()
        return {charger: list(pairs) for charger, pairs in totals.items()}

    bench = Bench()
    bench.wall, bench.steady = old.wall + 5, 5000.0
    bench.registry.continue_from(asyncio.run(newest()))
    bench.restore(saved, trusted=False)
    return bench


@pytest.mark.parametrize("first", [0, 7, 3_000_000])
def test_a_total_that_the_state_file_does_not_have_yet_is_in_the_journal(
    tmp_path: Path, first: float
) -> None:
    before = followed()
    send(before, 4_000_000, then=5)
    saved = before.saved()
    send(before, 4_000_010, then=5)
    assert send(before, 4_000_020, then=5) == 4_000_020
    bench = killed(tmp_path, before.out.lines, saved, before)
    assert bench.metrics()[TOTAL] == 4_000_020 * 3600
    assert send(bench, first) == 4_000_020
    assert send(bench, 4_000_025) == 4_000_025
    assert send(bench, 4_000_110) == 4_000_110


@pytest.mark.parametrize("announced", [True, False])
def test_a_charger_first_heard_just_before_the_kill_goes_on(
    tmp_path: Path, announced: bool
) -> None:
    before = followed()
    saved = before.saved() if announced else {}
    send(before, 4_000_000, then=5)
    bench = killed(tmp_path, before.out.lines, saved, before)
    bench.announce()
    assert send(bench, 7) == 4_000_000
    assert send(bench, 4_000_005) == 4_000_005


def test_zeros_before_the_kill_are_not_taken_for_the_chargers_total(tmp_path: Path) -> None:
    before = followed()
    send(before, 4_000_000, then=5)
    saved = before.saved()
    for wh in (4_000_010, 0, 0):
        send(before, wh, then=2)
    bench = killed(tmp_path, before.out.lines, saved, before)
    assert send(bench, 0, then=5) == 4_000_010
    assert send(bench, 4_000_020) == 4_000_020
    assert bench.events() == []


def test_a_total_that_follows_an_exchange_goes_on(tmp_path: Path) -> None:
    before = followed()
    send(before, 4_000_000)
    for n in range(6):
        send(before, 100_000 + 85 * n)
    saved = before.saved()
    shown = send(before, 100_510)
    bench = killed(tmp_path, before.out.lines, saved, before)
    assert send(bench, 0) == shown
    assert send(bench, 100_595) == (shown or 0) + 85


def test_without_a_journal_nothing_is_shown_until_a_total_is_believed(tmp_path: Path) -> None:
    before = followed()
    send(before, 4_000_000)
    bench = killed(tmp_path, [], before.saved(), before)
    assert [send(bench, 0, then=5), send(bench, 7, then=5)] == [None, None]
    assert not any("energy_total" in line for line in bench.lines())
    assert send(bench, 4_000_100) == 4_000_100


def test_a_total_is_shown_once_it_is_journaled() -> None:
    bench = followed()
    bench.hear(("charger/one/wh", "4000000"))
    bench.wall, bench.steady = bench.wall + 1, bench.steady + 1
    bench.pipeline.close_quiet_frames(bench.now)
    assert TOTAL not in bench.metrics()
    assert len(bench.out.totals) == 1
    bench.wait(1)
    assert bench.metrics()[TOTAL] == 4_000_000 * 3600
    assert bench.out.totals == set()
