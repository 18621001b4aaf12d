"""Whatever a task or a system call raises, every other part goes on, and so does that one."""

import asyncio
import errno
import json
import signal
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from bridge.app import service
from bridge.app.build import Parts
from bridge.runtime import task_boundary
from bridge.sim.options import SimOptions
from tests.kit import failing_calls
from tests.kit.influx_standin import InfluxStandin
from tests.kit.lives import Life
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.simulator import free_port, simulating
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document, follows, until
from tests.whole.test_fallback import polled_often

ROUNDS = 4
"""One with each error of failing_calls."""


def polls(port: int) -> dict[str, str]:
    return polled_often(port) | {"HTTP__ENRICH_EVERY": "1s", "HTTP__TIMEOUT": "2s"}


async def test_every_task_goes_on_after_an_error(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_boundary, "FIRST_WAIT", 0.05)
    tasks_of, names = service.tasks_of, list[str]()

    def once_broken(parts: Parts) -> dict[str, Callable[[], Awaitable[None]]]:
        tasks = tasks_of(parts)
        names.extend(tasks)
        return {name: breaking_once(work) for name, work in tasks.items()}

    monkeypatch.setattr(service, "tasks_of", once_broken)
    async with InfluxStandin() as standin:
        store = {"INFLUX__URL": standin.url, "INFLUX__BUCKET": "evse", "INFLUX__TOKEN": "t"}
        with Publisher(mosquitto.port) as peer:
            announce(peer, "one", "charger/one")
            async with bridge(
                tmp_path, mosquitto.url, MQTT__QUERIES="true", **store, **polls(free_port())
            ) as running:
                await follows(running, "one")
                document(peer, "charger/one")
                metrics = await running.settled(9)
                assert (await running.get("/livez"))[0] == 200
    assert {"mqtt", "tick", "committer", "store-main", "poller", "queries"} <= set(names)
    failures = {
        name: metrics.get(f'evse_bridge_task_failures_total{{task="{name}"}}') for name in names
    }
    assert failures == dict.fromkeys(names, 1)
    assert any(b"energy=" in line for line in standin.stored)


def breaking_once(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Work of which the first run ends with an error after a turn of the event loop."""
    left = [MemoryError()]

    async def run() -> None:
        if left:
            running = asyncio.ensure_future(work())
            await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait({running})
            raise left.pop()
        await work()

    return run


@pytest.mark.timeout(180)
async def test_every_system_call_may_fail_once(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    port = free_port("127.1.0.1")
    options = SimOptions(broker=mosquitto.url, chargers=3, speed=20.0, seed=3, http_port=port)
    labels = tmp_path / "labels.toml"
    labels.write_text("", encoding="ascii")
    life = Life(
        tmp_path, mosquitto.url, module="tests.kit.failing_calls", FLEET__LABELS_FILE=str(labels),
        INFLUX__URL=victoria.url, INFLUX__BUCKET="evse", WEB__LISTEN="127.0.0.1:0", **polls(port),
    )  # fmt: skip
    async with simulating(options):
        with life:
            await eventually(life.started, 30)
            for number in range(1, ROUNDS + 1):
                before = await scraped(life)
                life.process.send_signal(signal.SIGUSR1)
                await eventually(partial(failed, life, number), 40, every=0.2)
                await eventually(partial(goes_on, life, before), 40, every=0.3)
            life.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(life.process.wait, 40) == 0


def failed(life: Life, times: int) -> bool:
    """Whether each call failed so many times; asks for pages, since some calls answer them."""
    said = life.said()
    try:
        life.metrics()
    except (OSError, AssertionError):
        return False
    names = [*failing_calls.CALLS, "a statement", "many statements"]
    return all(said.count(f"FAILED {name}:") >= times for name in names)


async def scraped(life: Life) -> dict[str, float]:
    return await eventually(lambda: quietly(life), 20, every=0.2)


def quietly(life: Life) -> dict[str, float]:
    try:
        return life.metrics()
    except OSError:
        return {}


def goes_on(life: Life, before: dict[str, float]) -> bool:
    """Whether it hears, polls and delivers more than before."""
    now = quietly(life)
    names = (
        "evse_bridge_readings_received_total", "evse_bridge_readings_stored_total",
        'evse_bridge_polls_total{outcome="ok"}', 'evse_bridge_points_stored_total{store="main"}',
    )  # fmt: skip
    return bool(now) and all(now[name] > before.get(name, 0) for name in names)


async def test_an_address_of_a_family_that_the_host_lacks_ends_nothing(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retained announcement with it used to end the process after each start."""
    make, refused = socket.socket.__init__, list[int]()

    def without_ipv6(self: socket.socket, family: int = -1, *args: int, **more: int) -> None:
        if family == socket.AF_INET6:
            refused.append(family)
            raise OSError(errno.EAFNOSUPPORT, "address family not supported")
        make(self, family, *args, **more)

    monkeypatch.setattr(socket.socket, "__init__", without_ipv6)
    settings = polls(80) | {"HTTP__ALLOW": "fd00::/8,127.0.0.0/8"}
    with Publisher(mosquitto.port) as peer:
        six = {
            "state": "connected",
            "id": "six",
            "mqtt": "charger/six",
            "http": "http://[fd12::5]/",
        }
        peer.publish("openevse/announce/six", json.dumps(six), retain=True)
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, **settings) as running:
            await follows(running, "one")
            await eventually(lambda: refused, 30)
            await until(running, 'evse_bridge_polls_total{outcome="unreachable"}', len(refused))
            document(peer, "charger/one")
            await running.settled(9)
