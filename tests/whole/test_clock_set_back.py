"""The whole bridge on a machine whose clock is wrong at the start and set later."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.app import build_clock, maintenance
from bridge.core.clock import Moment
from bridge.runtime import clock
from bridge.runtime.kernel_clock import KernelClock
from bridge.storage.journal import Journal
from bridge.storage.retention import Trimmed
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document, follows, until

STEPS = "evse_bridge_clock_steps_total"


class Wrong:
    """A wall clock that is off; the steady clock is right."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> Moment:
        return Moment.of(time.time() + self.seconds, clock.steady())


@pytest.mark.parametrize("ahead", [90.0, 40 * 86_400.0, -40 * 365 * 86_400.0])
async def test_points_are_stored_at_the_true_time_once_the_clock_is_set(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, ahead: float,
) -> None:  # fmt: skip
    wrong = Wrong(ahead)
    monkeypatch.setattr(clock, "now", wrong)
    settings = {"INFLUX__URL": victoria.url, "INFLUX__BUCKET": "evse"}
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one", wh="1000")
            await running.settled(9)
            assert await running.metric("evse_bridge_clock_estimated") == int(ahead < 0)
            wrong.seconds = 0.0
            await until(running, STEPS, 1)
            document(peer, "charger/one", wh="1001")
            await running.settled(18)
            metrics = await running.metrics()
            events = (await running.json("/api/v1/events"))["data"]
    set_back = ahead > 0
    assert [each["kind"] for each in events if each["kind"] == "clock"] == ["clock"] * set_back
    assert metrics["evse_bridge_clock_estimated"] == 0
    assert abs(metrics['evse_bridge_clock_offset_seconds{reference="store"}']) < 5
    assert 'evse_up{charger="one"}' in metrics

    def true() -> bool:
        found = [
            stamp
            for series in victoria.export("evse_energy")
            for stamp, value in zip(series.timestamps, series.values, strict=True)
            if value == 1001
        ]
        return len(found) == 1 and abs(found[0] / 1000 - time.time()) < 60

    await eventually(true, 30)


def rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "points.db")) as file:
        return int(file.execute("SELECT count(*) FROM points").fetchone()[0])


@pytest.mark.parametrize(("synchronised", "kept"), [(False, True), (True, False)])
async def test_a_clock_that_is_ahead_trims_the_journal_only_where_it_is_confirmed(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    synchronised: bool, kept: bool,
) -> None:  # fmt: skip
    trims, trim = list[int](), Journal.trim

    async def counted(self: Journal, unix_ms: int) -> Trimmed:
        trimmed = await trim(self, unix_ms)
        trims.append(unix_ms)
        return trimmed

    monkeypatch.setattr(Journal, "trim", counted)
    monkeypatch.setattr(maintenance, "TRIM_SECONDS", 0.1)
    monkeypatch.setattr(build_clock, "kernel_clock", lambda: KernelClock(synchronised, 0.0))
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url) as running:
            await follows(running, "one")
            document(peer, "charger/one", wh="1000")
            await running.settled(9)
        stored = rows(tmp_path)
        assert stored > 0
        monkeypatch.setattr(clock, "now", Wrong(40 * 86_400.0))
        async with bridge(tmp_path, mosquitto.url) as running:
            await follows(running, "one")
            trims.clear()
            await eventually(lambda: len(trims) >= 2)
            left = rows(tmp_path)
    assert (left >= stored) == kept


async def test_chargers_that_agree_show_that_the_clock_is_wrong(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    an_hour_ago = datetime.fromtimestamp(time.time() - 3600, UTC).isoformat(timespec="seconds")
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            for name in ("one", "two", "three"):
                announce(peer, name, f"charger/{name}")
                await follows(running, name)
                document(peer, f"charger/{name}", time=an_hour_ago)

            async def seen() -> bool:
                name = 'evse_bridge_clock_offset_seconds{reference="chargers"}'
                return abs((await running.metric(name) or 0) - 3600) < 60

            await eventually(seen)
