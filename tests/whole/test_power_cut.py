"""A power cut, played on the files of a killed bridge: any part of the newest log is gone."""

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.storage.journal import Journal
from bridge.storage.state_file import StateFile
from tests.kit.lives import Life, copied, integrity, journal_lines, rows
from tests.kit.load import Load
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import eventually

POINTS, STATE = "points.db", "state.db"
WAL_HEADER, FRAME = 32, 24 + 4096
POSITIONS = 40
MANY = 100
Change = Callable[[bytes, random.Random], bytes]
TORN: tuple[Change, ...] = (
    lambda log, chance: log + chance.randbytes(3 * FRAME // 2),
    lambda log, chance: log + log[-FRAME:],
    lambda log, chance: log[:-FRAME] + chance.randbytes(FRAME),
    lambda log, chance: log[: -FRAME // 2] + bytes(FRAME // 2),
    lambda log, chance: bytes(WAL_HEADER) + log[WAL_HEADER:],
)
"""What else a disk can make of the end of a log, or of its beginning."""


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  # pytest shows it where the test fails
    return random.Random(seed)


def contents(data: Path) -> dict[str, list[object]]:
    """What is only ever added to, in each file; nothing where it has no tables yet."""
    found: dict[str, list[object]] = {POINTS: [], STATE: []}
    with contextlib.suppress(sqlite3.OperationalError):
        found[POINTS] += journal_lines(data)
    with contextlib.suppress(sqlite3.OperationalError):
        found[STATE] += rows(data / STATE, "SELECT * FROM events ORDER BY id")
    return found


@contextmanager
def changed(data: Path, place: Path, change: Callable[[str, bytes], bytes]) -> Iterator[Path]:
    """The files as they are, with their logs changed."""
    with copied(data, place) as files:
        for name in (POINTS, STATE):
            log = files / f"{name}-wal"
            log.write_bytes(change(name, log.read_bytes()))
        yield files


def cut(data: Path, place: Path, at: Mapping[str, int]) -> AbstractContextManager[Path]:
    """The files, each log cut at its place."""
    return changed(data, place, lambda name, log: log[: at[name]])


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Read a file whose log is empty, all the while: SQLite then leaves in its log what comes."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        assert reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sqlite_schema").fetchall()
        yield


def all_in_the_logs(data: Path, place: Path) -> bool:
    """Whether both logs hold news that their files do not: a disk that has written to the
    file has kept the log before."""
    with copied(data, place) as files:
        full = contents(files)
    with cut(data, place, {POINTS: 0, STATE: 0}) as files:
        bare = contents(files)
    return all(len(bare[name]) + MANY < len(full[name]) for name in full)


@pytest.fixture
async def killed(mosquitto: Mosquitto, tmp_path: Path) -> Path:
    """The data folder of a bridge that was killed under load, twice: what it kept in the
    first life is in its files, and all of the second in their logs."""
    folder, data = tmp_path / "killed", tmp_path / "killed" / "data"
    with Load(mosquitto.port, rate=4000):
        with Life(folder, mosquitto.url) as life:
            await eventually(life.started, 30)
            await eventually(lambda: all(contents(data).values()), 30)
        with held(data / POINTS), held(data / STATE):
            with Life(folder, mosquitto.url) as life:
                await eventually(life.started, 30)
                await eventually(lambda: all_in_the_logs(data, tmp_path / "look"), 30)
            assert set(integrity(data).values()) == {"ok"}
            return Path(shutil.copytree(data, tmp_path / "kept"))


def positions(size: int, chance: random.Random) -> list[int]:
    """Where to cut a log: its header, its frames' bounds, the middle of a frame, anywhere."""
    bounds = [WAL_HEADER + n * FRAME for n in chance.choices(range(size // FRAME), k=8)]
    known = [0, 1, WAL_HEADER - 1, WAL_HEADER, WAL_HEADER + 1, WAL_HEADER + 24, size - 1, size]
    inside = [bound + offset for bound in bounds for offset in (0, 24, FRAME // 2)]
    anywhere = [chance.randrange(size) for _ in range(POSITIONS - len(known) - len(inside))]
    return known + inside + anywhere


async def opened(files: Path) -> None:
    """Open both as the bridge does, and close them."""
    journal = await Journal.open(
        files,
        stores=("main",),
        keep=timedelta(days=7),
        limit=10**9,
        points_lost=lambda store, owed: None,
    )
    state = await StateFile.open(files)
    assert not state.clean
    await journal.close()
    await state.close(clean=False)


async def assert_a_prefix(files: Path, full: dict[str, list[object]]) -> int:
    """Returns how many points are left."""
    await opened(files)
    assert not list(files.glob("*.damaged-*"))
    assert integrity(files) == {POINTS: "ok", STATE: "ok"}
    for name, found in contents(files).items():
        assert found == full[name][: len(found)]
    return len(contents(files)[POINTS])


async def test_a_log_that_is_cut_anywhere_leaves_what_was_committed_before(
    killed: Path, tmp_path: Path, chance: random.Random
) -> None:
    with copied(killed, tmp_path / "full") as files:
        full = contents(files)
    sizes = {name: (killed / f"{name}-wal").stat().st_size for name in full}
    places = [positions(sizes[name], chance) for name in full]
    left = set()
    for at in zip(*places, strict=True):
        with cut(killed, tmp_path / "cut", dict(zip(full, at, strict=True))) as files:
            left.add(await assert_a_prefix(files, full))
    assert max(left) == len(full[POINTS])
    assert len(left) > 2


async def test_a_log_that_was_torn_leaves_what_was_committed_before(
    killed: Path, tmp_path: Path, chance: random.Random
) -> None:
    with copied(killed, tmp_path / "full") as files:
        full = contents(files)
    for torn in TORN:

        def change(_name: str, log: bytes, torn: Change = torn) -> bytes:
            return torn(log, chance)

        with changed(killed, tmp_path / "torn", change) as files:
            await assert_a_prefix(files, full)


async def test_a_bridge_starts_after_a_power_cut_and_goes_on(
    killed: Path, mosquitto: Mosquitto, tmp_path: Path, chance: random.Random
) -> None:
    at = {
        name: chance.randrange((killed / f"{name}-wal").stat().st_size) for name in (POINTS, STATE)
    }
    with cut(killed, tmp_path / "data", at) as data:
        with copied(data, tmp_path / "before") as files:
            before = contents(files)[POINTS]
        with Load(mosquitto.port, rate=200) as load:
            async with bridge(tmp_path, mosquitto.url) as running:
                await until_received(running, 100)
                load.stop()
                await running.settled(100)
        lines = journal_lines(data)
    assert lines[: len(before)] == before
    assert len({(line.measurement, line.charger, line.stamp) for line in lines}) == len(lines)
    assert len(lines) > len(before)


async def until_received(running: Bridge, readings: int) -> None:
    async def received() -> bool:
        return (await running.metric("evse_bridge_readings_received_total") or 0) >= readings

    await eventually(received)
