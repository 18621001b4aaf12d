"""`python -m tests.storage.fuzz`: files with a flipped bit, opened and used as the bridge does.

`make fuzz` runs a thousand flips, `make test` fifty. Each prints what it takes to repeat it.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from bridge.core.clock import Unix
from bridge.core.model import ChargerId, Event, EventKind, Session
from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage.journal import Journal
from bridge.storage.state_file import StateFile
from bridge.web.api import event_view, session_view

STORES = ("main", "mirror")
BEGIN_MS = 1_700_000_000_000
ROWS, LINES = 40, 20
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Flip:
    """One bit of one file."""

    file: str
    byte: int
    bit: int

    def apply(self, folder: Path) -> None:
        path = folder / self.file
        with path.open("r+b") as file:
            file.seek(self.byte)
            value = file.read(1)[0]
            file.seek(self.byte)
            file.write(bytes([value ^ 1 << self.bit]))

    def __str__(self) -> str:
        return f"{self.file} byte {self.byte} bit {self.bit}"


def batch_of(row: int) -> Batch:
    """A row of lines, with a reading each."""
    stamps = [BEGIN_MS + (row * LINES + n) * 1000 for n in range(LINES)]
    lines = [
        b"evse,charger=c%d energy=%d.0,energy_total=%d.0,state_code=3i %d" % (n, row, row, at)
        for n, at in enumerate(stamps)
    ]
    return Batch(lines, [1] * LINES, stamps[0], stamps[-1])


async def write_folder(folder: Path, killed: Path) -> None:
    """A data folder with something in each table, half of it delivered; and as it would be if the
    bridge had been killed before the end."""
    journal = await open_journal(folder, [])
    for row in range(ROWS):
        await journal.append(batch_of(row))
    for store, rows in zip(STORES, (ROWS // 2, 3), strict=True):
        for _ in range(rows):
            batch = await journal.read(store, LINES)
            assert batch is not None
            refused = [RefusedLine(batch.lines[0], "no such column", 1)]
            await journal.acknowledge(store, batch, refused, BEGIN_MS)
    state = await StateFile.open(folder)
    chargers = [ChargerId(f"c{n}") for n in range(30)]
    await state.save(
        chargers={
            each: {"base": f"charger/{each}", "stamps": [BEGIN_MS, 0, 0]} for each in chargers
        },
        events=[Event(each, Unix(1.7e9), EventKind.STATE, 3, "charging") for each in chargers],
        sessions=[
            Session(each, Unix(1.7e9), Unix(1.7e9 + 60), 60, 60, 100, 16, 3680) for each in chargers
        ],
        pending=[b"evse_event,charger=c1,kind=state code=3i 1700000000000"],
        meta={"client_id": "nofos-1", "believed_at": "1700000000"},
    )
    await state.snapshot()
    await state.save(meta={"more": "1"})
    shutil.copytree(folder, killed)
    await journal.close()
    await state.close(clean=True)


async def open_journal(folder: Path, lost: list[Backlog]) -> Journal:
    return await Journal.open(
        folder, stores=STORES, keep=timedelta(days=36_500), limit=10**9,
        points_lost=lambda _, gone: lost.append(gone),
    )  # fmt: skip


async def use(folder: Path) -> None:
    """All that the bridge does with the files; raises where it would have stopped."""
    lost: list[Backlog] = []
    journal = await open_journal(folder, lost)
    await journal.newest_totals()
    await journal.missing([b"x"])
    await journal.append(batch_of(ROWS))
    for store in STORES:
        assert batch_of(ROWS).lines[-1] in [line async for line in delivered(journal, store)]
        backlog = journal.backlog(store)
        assert (backlog.points, backlog.readings) == (0, 0), f"{store}: {backlog}"
    await journal.trim(BEGIN_MS + 10**9)
    await journal.append(batch_of(ROWS + 1))
    assert [line async for line in delivered(journal, "main")] == list(batch_of(ROWS + 1).lines)
    await journal.close()
    state = await StateFile.open(folder)
    events, _ = await state.history.events(since_ms=None, limit=1000, charger=None, before=None)
    sessions, _ = await state.history.sessions(since_ms=None, limit=1000, charger=None, before=None)
    json.dumps([*map(event_view, events), *map(session_view, sessions)])
    await state.save(chargers={ChargerId("new"): {"base": "b"}}, meta={"client_id": "x"})
    await state.trim(BEGIN_MS, timedelta(days=400))
    await state.snapshot()
    await state.close(clean=True)
    again = await StateFile.open(folder)
    assert again.loaded["new"] == {"base": "b"}
    assert all(isinstance(key + value, str) for key, value in again.meta.items())
    assert all(isinstance(line, bytes) for line in again.pending)
    await again.close(clean=True)


async def delivered(journal: Journal, store: str) -> AsyncIterator[bytes]:
    for _ in range(10 * ROWS):
        batch = await journal.read(store, 3 * LINES)
        if batch is None:
            return
        assert len(batch.lines) == len(batch.readings)
        for line in batch.lines:
            yield line
        await journal.acknowledge(store, batch, [], BEGIN_MS)
    raise AssertionError(f"{store}: delivery never ends")


def flips(folder: Path, count: int, chance: random.Random) -> Iterator[Flip]:
    """Random bits; each file as often as the others, and its first page more often."""
    files = sorted(path.name for path in folder.iterdir() if path.stat().st_size)
    files = [name for name in files if name not in ("reserve", "lock")]
    for _ in range(count):
        name = chance.choice(files)
        size = (folder / name).stat().st_size
        most = min(size, 200) if chance.random() < 0.25 else size
        yield Flip(name, chance.randrange(most), chance.randrange(8))


def survives(original: Path, place: Path, flip: Flip) -> str | None:
    """What went wrong with this flip; None for nothing."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(original, place)
    flip.apply(place)
    try:
        asyncio.run(asyncio.wait_for(use(place), PATIENCE_SECONDS))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
        return f"{flip}: {type(error).__name__}: {error}"
    return None


def fuzz(folder: Path, count: int, seed: int) -> list[str]:
    """The findings of so many flips."""
    clean, killed = folder / "clean", folder / "killed"
    clean.mkdir()
    asyncio.run(write_folder(clean, killed))
    chance, found = random.Random(seed), list[str | None]()
    for original in (clean, killed):
        for flip in flips(original, count // 2, chance):
            found.append(survives(original, folder / "flipped", flip))
    return [each for each in found if each is not None]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.storage.fuzz", description=__doc__)
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="nofos-fuzz-") as folder:
        findings = fuzz(Path(folder), given.flips, given.seed)
    for each in findings:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{given.flips} flips, {len(findings)} findings, --seed {given.seed}\n")
    raise SystemExit(bool(findings))


if __name__ == "__main__":
    main()
