"""From the charger to the store, through outages and restarts of both: nothing is lost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from structlog import get_logger
from structlog.testing import capture_logs

from bridge.app import service
from bridge.app.service import log
from bridge.core.clock import Moment, Unix
from bridge.core.errors import FolderBusy
from bridge.core.model import Reason
from bridge.core.output.batch import Backlog
from bridge.logs import RepeatedLog
from bridge.monitoring.reporter import Reporter
from bridge.monitoring.stats import Stats
from bridge.runtime import clock
from tests.kit.influx_standin import Canned, InfluxStandin
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document, follows, until


def store(url: str, **more: str) -> dict[str, str]:
    return {"INFLUX__URL": url, "INFLUX__BUCKET": "evse", "INFLUX__ORG": "o",
            "INFLUX__TOKEN": "t0ken", **more}  # fmt: skip


async def holds(victoria: VictoriaMetrics, *energies: float) -> None:
    """Wait until these are the stored energies; a new series is shown after a moment."""

    def found() -> list[float]:
        return [v for s in victoria.export("evse_energy") for v in s.values]

    await eventually(lambda: found() == list(energies), every=0.2)
    assert found() == list(energies)


async def test_a_point_reaches_the_store_within_seconds(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(
            tmp_path, mosquitto.url, INFLUX__TAGS="region=north", **store(victoria.url)
        ) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            await running.settled(9)
            await eventually(lambda: victoria.export("evse_power"), every=0.2)
            series = victoria.export("evse_power")[0]
            assert series.values == [3680]
            assert series.labels["charger"] == "one"
            assert series.labels["region"] == "north"
            metrics = await running.metrics()
            assert metrics["evse_bridge_readings_stored_total"] == 7
            assert metrics['evse_bridge_store_up{store="main"}'] == 1


async def test_an_outage_of_the_store_with_a_restart_in_the_middle_loses_nothing(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "DRAIN_SECONDS", 0.5)
    settings = store(victoria.url)
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one", wh="1000")
            await running.settled(9)
            victoria.stop()
            for n in range(1, 4):
                document(peer, "charger/one", wh=str(1000 + n))
                await asyncio.sleep(0.5)
            metrics = await running.metrics()
            assert metrics["evse_bridge_readings_pending"] > 0
            assert (await running.get("/readyz"))[0] == 200
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one", wh="1004")
            await asyncio.sleep(0.5)
            recovered = await running.metrics()
            assert recovered["evse_bridge_readings_recovered"] == 21
            victoria.start()
            await running.settled(9)
            document(peer, "charger/one", wh="1005")
            await running.settled(18)
    await holds(victoria, 1000, 1001, 1002, 1003, 1004, 1005)


async def test_the_backlog_drains_while_live_data_flow(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with InfluxStandin() as standin:
        standin.answers.extend([Canned(503, {"code": "unavailable"})] * 2)
        with Publisher(mosquitto.port) as peer:
            announce(peer, "one", "charger/one")
            async with bridge(
                tmp_path,
                mosquitto.url,
                INFLUX__BATCH="2",
                FLEET__MAX_READINGS_PER_SECOND="1000",
                **store(standin.url),
            ) as running:
                await follows(running, "one")
                for n in range(20):
                    document(peer, "charger/one", wh=str(1000 + n))
                    await asyncio.sleep(0.05)
                for n in range(20, 40):
                    document(peer, "charger/one", wh=str(1000 + n))
                    await asyncio.sleep(0.05)
                await running.settled(360)
        # On a busy machine a document may come in two parts, and make two points.
        with_energy = [line for line in standin.stored if b"energy=" in line]
        found = [line.split(b"energy=")[1].split(b",")[0] for line in with_energy]
        assert found == [b"%d.0" % (1000 + n) for n in range(40)]
        assert not standin.answers


async def test_two_stores_get_the_same_and_a_dead_one_holds_nobody_up(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "DRAIN_SECONDS", 0.5)
    settings = store(victoria.url) | {
        "INFLUX__MIRRORS__DEAD__URL": "http://127.0.0.1:9",
        "INFLUX__MIRRORS__DEAD__BUCKET": "evse",
    }
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            metrics = await running.settled(9)
            assert metrics['evse_bridge_points_pending{store="main"}'] == 0
            assert metrics['evse_bridge_points_pending{store="dead"}'] == 1
            assert metrics['evse_bridge_store_up{store="dead"}'] == 0


async def test_what_a_mirror_stored_is_not_counted_twice(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    settings = store(victoria.url) | {
        "INFLUX__MIRRORS__SECOND__URL": victoria.url,
        "INFLUX__MIRRORS__SECOND__BUCKET": "evse",
    }
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            await until(running, 'evse_bridge_points_stored_total{store="second"}', 1)
            metrics = await running.settled(9)
            assert metrics["evse_bridge_readings_stored_total"] == 7


def test_what_the_disk_could_not_keep_for_the_main_store_is_discarded_under_disk() -> None:
    stats = Stats(version="1", stores=("main", "mirror"))
    reporter = Reporter(stats=stats, repeated_log=RepeatedLog(log))
    reporter.points_lost("main", Backlog(readings=15, points=2))
    reporter.points_lost("mirror", Backlog(readings=30, points=4))
    assert stats.accounts.discarded[Reason.DISK] == 15
    expired = stats.registry.get_sample_value
    assert expired("evse_bridge_points_expired_total", {"store": "main"}) == 2
    assert expired("evse_bridge_points_expired_total", {"store": "mirror"}) == 4


def telling() -> Reporter:
    return Reporter(
        stats=Stats(version="1", stores=("main",)), repeated_log=RepeatedLog(get_logger("bridge")),
    )  # fmt: skip


def test_a_store_that_takes_lines_again_is_told_after_what_was_said_of_it() -> None:
    with capture_logs() as lines:
        reporter = telling()
        reporter.request("main", "stored", 0.1)
        for _ in range(2):
            reporter.trouble("main", "HTTP 401: no such token", "denied")
        reporter.request("main", "denied", 0.1)
        reporter.request("main", "stored", 0.1)
        reporter.request("main", "stored", 0.1)
    assert [(line["event"], line["store"], line.get("repeated")) for line in lines] == [
        ("store.denied", "main", None), ("store.denied", "main", 1),
        ("store.takes_again", "main", None),
    ]  # fmt: skip


def test_a_refused_announcement_is_told_by_its_topic() -> None:
    with capture_logs() as lines:
        telling().announced("bad_id", "", "openevse/announce/1b2c")
    (line,) = lines
    assert (line["topic"], line["reason"]) == ("openevse/announce/1b2c", "bad_id")
    assert "charger" not in line


async def test_without_a_store_what_is_in_the_journal_counts_as_stored(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            metrics = await running.settled(9)
            assert metrics["evse_bridge_readings_stored_total"] == 7
            assert metrics["evse_bridge_readings_recovered"] == 0


async def test_refused_lines_are_counted_and_kept_and_the_rest_is_stored(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with InfluxStandin() as standin:
        with Publisher(mosquitto.port) as peer:
            announce(peer, "one", "charger/one")
            announce(peer, "bad", "charger/bad")
            async with bridge(tmp_path, mosquitto.url, **store(standin.url)) as running:
                await follows(running, "one", "bad")
                document(peer, "charger/one")
                document(peer, "charger/bad")
                metrics = await running.settled(18)
                assert metrics['evse_bridge_readings_discarded_total{reason="refused"}'] == 7
                assert metrics["evse_bridge_readings_stored_total"] == 7
                assert metrics['evse_bridge_points_refused_total{store="main"}'] == 1
        command = [sys.executable, "-m", "bridge", "refused"]
        environ = {**os.environ, "NOFOS_JOURNAL__DIR": str(tmp_path / "data")}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        assert done.stdout.count("\n") == 1
        assert "evse,charger=bad " in done.stdout
        assert done.stdout.split("\t")[1] == "main"


async def test_a_second_bridge_on_the_same_folder_is_refused(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with bridge(tmp_path, mosquitto.url):
        with pytest.raises(FolderBusy, match=str(os.getpid())):
            async with bridge(tmp_path, mosquitto.url):
                pass


async def test_a_new_point_never_overwrites_an_old_one_after_the_clock_stepped_back_a_little(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings = store(victoria.url)
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one", wh="1000")
            await running.settled(9)

        def half_a_minute_ago() -> Moment:
            return Moment(Unix(time.time() - 30), clock.steady())

        monkeypatch.setattr(clock, "now", half_a_minute_ago)
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            document(peer, "charger/one", wh="1001")
            await running.settled(9)
    await holds(victoria, 1000, 1001)
    series = victoria.export("evse_energy")[0]
    assert series.timestamps[1] == series.timestamps[0] + 1


def start_bridge(folder: Path, broker: Mosquitto, url: str) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ, "NOFOS_MQTT__URL": broker.url, "NOFOS_JOURNAL__DIR": str(folder / "data"),
        "NOFOS_WEB__LISTEN": "127.0.0.1:0", "NOFOS_INFLUX__URL": url,
        "NOFOS_HTTP__ENABLED": "false", "NOFOS_INFLUX__BUCKET": "evse", "NOFOS_LOG__FORMAT": "json",
    }  # fmt: skip
    log = (folder / "bridge.log").open("ab")
    with log:
        return subprocess.Popen([sys.executable, "-m", "bridge", "run"], env=environ, stderr=log)


async def test_sigterm_drains_into_the_store_and_exits_0(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    process = start_bridge(tmp_path, mosquitto, victoria.url)
    log = tmp_path / "bridge.log"
    try:
        await eventually(lambda: "mqtt.connected" in log.read_text(), 20)
        with Publisher(mosquitto.port) as peer:
            announce(peer, "one", "charger/one")
            await eventually(lambda: "charger.new" in log.read_text())
            await asyncio.sleep(0.3)
            document(peer, "charger/one", wh="4321")
            await asyncio.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 15) == 0
    finally:
        process.kill()
        process.wait()
    await holds(victoria, 4321)
    assert "bridge.stopped" in log.read_text()


async def test_a_killed_bridge_loses_at_most_the_last_second(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    log = tmp_path / "bridge.log"
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        process = start_bridge(tmp_path, mosquitto, "http://127.0.0.1:9")
        try:
            await eventually(lambda: log.exists() and "mqtt.connected" in log.read_text(), 20)
            await asyncio.sleep(0.5)
            for n in range(10):
                document(peer, "charger/one", wh=str(1000 + n))
                await asyncio.sleep(0.3)
            await asyncio.sleep(1)
        finally:
            process.kill()
            process.wait()
        async with bridge(tmp_path, mosquitto.url, **store(victoria.url)) as running:
            await running.settled(0)
    await holds(victoria, *range(1000, 1010))
