"""Starts that fail, and disks that hang: neither costs what the bridge knows or hears."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from bridge.core.errors import CannotStart
from bridge.storage.state_file import StateFile
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document, follows

NOWHERE = "mqtt://127.0.0.1:1"


async def ended_cleanly(folder: Path) -> bool:
    """Whether the next start may trust the totals; leaves the mark as it was."""
    state = await StateFile.open(folder / "data")
    await state.close(clean=state.clean)
    return state.clean


async def fails_to_start(folder: Path, **settings: str) -> None:
    with pytest.raises(CannotStart):
        async with bridge(folder, NOWHERE, **settings):
            pass


@pytest.mark.parametrize("clean", [True, False])
async def test_a_start_that_finds_its_port_taken_leaves_the_mark(
    tmp_path: Path, clean: bool
) -> None:
    async with bridge(tmp_path, NOWHERE):
        pass
    if not clean:
        state = await StateFile.open(tmp_path / "data")
        await state.close(clean=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for _ in range(2):
            await fails_to_start(tmp_path, WEB__LISTEN=f"127.0.0.1:{port}")
    assert await ended_cleanly(tmp_path) is clean


async def test_a_start_on_a_foreign_address_leaves_the_mark(tmp_path: Path) -> None:
    async with bridge(tmp_path, NOWHERE):
        pass
    await fails_to_start(tmp_path, WEB__LISTEN="203.0.113.1:0")
    assert await ended_cleanly(tmp_path)


async def test_a_bridge_that_broke_down_after_its_start_leaves_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async with bridge(tmp_path, NOWHERE):
        pass
    monkeypatch.setattr("bridge.app.service._run_until", broken)
    with pytest.raises(RuntimeError):
        async with bridge(tmp_path, NOWHERE):
            pass
    assert not await ended_cleanly(tmp_path)


async def test_a_disk_that_hangs_stops_neither_hearing_nor_livez(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, hung = threading.Event(), threading.Event()

    def hang(*_: object) -> NoReturn:
        hung.set()
        goes_on.wait(30)
        raise OSError("gone")

    monkeypatch.setattr("bridge.app.disk_values.REFRESH_SECONDS", 0.05)
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url, FLEET__STALE_AFTER="5s") as running:
            free = await running.metric("evse_bridge_disk_free_bytes")
            assert free is not None
            monkeypatch.setattr("bridge.app.gauges.shutil.disk_usage", hang)
            await eventually(hung.is_set)
            announce(peer, "one", "charger/one")
            await follows(running, "one")
            document(peer, "charger/one")
            async with asyncio.timeout(5):
                await running.settled(9)
                assert (await running.get("/livez"))[0] == 200
                assert await running.metric("evse_bridge_disk_free_bytes") == free
            goes_on.set()
