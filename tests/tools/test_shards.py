"""`run --shards N`: processes that share a fleet on one machine, begin and end together."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.core.errors import CommandFailed
from bridge.settings import load
from bridge.storage.folder_lock import FolderLock
from bridge.tools.shards import plan_shards
from tests.kit.servers import Mosquitto
from tests.kit.servers.web import ask
from tests.kit.support import Publisher, eventually
from tests.tools.export.test_export import LINES, journaled
from tests.tools.test_cli import environ, nofos

CHARGERS = [f"c{n}" for n in range(24)]


class Shards:
    """`run --shards 3` on this folder and broker; its log is JSON."""

    def __init__(self, folder: Path, broker: str, **settings: str) -> None:
        self._log = folder / "shards.log"
        env = environ(
            MQTT__URL=broker, JOURNAL__DIR=str(folder / "data"), WEB__LISTEN="127.0.0.1:0",
            LOG__FORMAT="json", HTTP__ENABLED="false", **settings,
        )  # fmt: skip
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "bridge", "run", "--shards", "3"]
            self.process = subprocess.Popen(command, env=env, stderr=log)

    def rows(self, event: str) -> list[dict[str, object]]:
        """What all of them logged of this kind."""
        output = self._log.read_text(encoding="utf-8")
        lines = output.splitlines()[: output.count("\n")]
        # Some words come before the log is set up, or after.
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [row for row in found if row.get("event") == event]

    async def up(self) -> dict[int, str]:
        """The URL of each shard, once all are up."""
        await eventually(lambda: len(self.rows("bridge.started")) == 3, 30)
        rows = self.rows("bridge.started")
        return {int(str(row["shard"])): f"http://127.0.0.1:{row['port']}" for row in rows}

    def children(self) -> list[int]:
        """The pids of those that run."""
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in text.split()]

    async def ended(self) -> int:
        """Its exit code."""
        return await asyncio.to_thread(self.process.wait, 60)


@contextlib.contextmanager
def shards(folder: Path, broker: str, **settings: str) -> Iterator[Shards]:
    running = Shards(folder, broker, **settings)
    try:
        yield running
    finally:
        # Asked first: killed, it could not end the others.
        running.process.terminate()
        running.process.wait(60)


def of(url: str) -> set[str]:
    """The chargers that a shard announces on /metrics."""
    prefix = "evse_announced{charger="
    rows = [row for row in ask(f"{url}/metrics").splitlines() if row.startswith(prefix)]
    return {row.removeprefix(prefix).split('"')[1] for row in rows if row.endswith(" 1")}


async def test_three_share_the_fleet_and_drain_together(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        for charger in CHARGERS:
            output = {"state": "connected", "id": charger, "mqtt": f"base/{charger}"}
            peer.publish(f"openevse/announce/{charger}", json.dumps(output), retain=True)
        with shards(tmp_path, mosquitto.url, MQTT__CLIENT_ID="depot") as running:
            urls = await running.up()
            assert sorted(urls) == [0, 1, 2]

            def reported() -> bool:
                return sum(len(of(url)) for url in urls.values()) == len(CHARGERS)

            await eventually(reported, 20, every=0.2)
            assert set().union(*(of(url) for url in urls.values())) == set(CHARGERS)
            assert all(of(url) for url in urls.values())
            assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
                "shard-0", "shard-1", "shard-2",
            ]  # fmt: skip
            assert all(f"as depot-{n}" in mosquitto.log for n in range(3))
            children = running.children()
            running.process.send_signal(signal.SIGTERM)
            assert await running.ended() == 0
            assert len(running.rows("bridge.stopped")) == 3
            assert not any(Path(f"/proc/{pid}").exists() for pid in children)


async def test_one_that_is_killed_takes_the_others_along(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with shards(tmp_path, mosquitto.url) as running:
        await running.up()
        children = running.children()
        os.kill(children[1], signal.SIGKILL)
        assert await running.ended() == 137
        assert len(running.rows("bridge.stopped")) == 2
        (row,) = running.rows("shards.one_ended")
        assert (row["shard"], row["code"]) == (1, 137)


async def test_they_drain_also_where_what_started_them_is_killed(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    running = Shards(tmp_path, mosquitto.url)
    await running.up()
    children = running.children()
    running.process.kill()
    assert await running.ended() == -signal.SIGKILL
    try:
        await eventually(lambda: len(running.rows("bridge.stopped")) == 3, 20)
    except AssertionError:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        raise


async def test_one_that_cannot_start_ends_all_with_its_exit_code(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with FolderLock(tmp_path / "data" / "shard-2"), shards(tmp_path, mosquitto.url) as running:
        assert await running.ended() == 2
        (row,) = running.rows("shards.one_ended")
        assert row["shard"] == 2


async def test_what_an_earlier_bridge_left_undelivered_is_told(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await journaled(tmp_path / "data", LINES)
    store = {"INFLUX__URL": "http://127.0.0.1:9", "INFLUX__BUCKET": "b"}
    with shards(tmp_path, mosquitto.url, **store) as running:
        (row,) = await eventually(lambda: running.rows("shards.left_behind"), 20)
        assert row["folder"] == str(tmp_path / "data")
        assert row["points"] == 4
        await running.up()


async def test_a_folder_of_a_shard_that_is_no_more_is_told_too(tmp_path: Path) -> None:
    await journaled(tmp_path / "shard-1", LINES)
    (tmp_path / "shard-2").mkdir()
    await journaled(tmp_path / "shard-3", LINES[:1], LINES[1:])
    names = {"NOFOS_JOURNAL__DIR": str(tmp_path), "NOFOS_INFLUX__URL": "http://influx",
             "NOFOS_INFLUX__BUCKET": "b"}  # fmt: skip
    left = plan_shards(2, load(None, names), {}).unsent
    assert [(each.folder.name, each.points) for each in left] == [("shard-3", 4)]


def test_each_has_its_own_folder_port_and_number() -> None:
    names = {"NOFOS_JOURNAL__DIR": "data", "NOFOS_WEB__LISTEN": "[::1]:9000"}
    plan = plan_shards(2, load(None, names), {"PATH": "bin", **names})
    assert plan.environs == [
        {
            "PATH": "bin", "NOFOS_JOURNAL__DIR": f"data/shard-{n}",
            "NOFOS_WEB__LISTEN": f"[::1]:900{n}", "NOFOS_SHARD__COUNT": "2",
            "NOFOS_SHARD__INDEX": str(n),
        }
        for n in (0, 1)
    ]  # fmt: skip


def test_more_shards_than_ports_is_said_so() -> None:
    settings = load(None, {"NOFOS_WEB__LISTEN": "127.0.0.1:65534"})
    assert len(plan_shards(2, settings, {}).environs) == 2
    with pytest.raises(CommandFailed, match="from port 65534 on there are not 3 ports"):
        plan_shards(3, settings, {})


def test_wrong_settings_end_it_before_anything_starts() -> None:
    done = nofos("run", "--shards", "3", env=environ(MQTT__URL="localhost"))
    assert done.returncode == 2
    assert done.stderr.count("NOFOS_MQTT__URL") == 1
