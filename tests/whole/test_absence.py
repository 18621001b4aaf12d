"""The whole bridge after it was off for longer than `fleet.retire_after`."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.app import maintenance
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher
from tests.sources.mqtt.test_hearing import until

NAMES = ("one", "two", "three")
SHORT = {"FLEET__RETIRE_AFTER": "20s"}


def announce(peer: Publisher, name: str) -> None:
    announcement = {"state": "connected", "id": name, "name": name, "mqtt": f"charger/{name}"}
    peer.publish(f"openevse/announce/{name}", json.dumps(announcement), retain=True)


def speak(peer: Publisher, name: str, wh: int) -> None:
    peer.publish(f"charger/{name}/amp", "16")
    peer.publish(f"charger/{name}/wh", str(wh))


def energy(name: str) -> str:
    return f'evse_energy_joules_total{{charger="{name}"}}'


def pass_time(folder: Path, seconds: float) -> None:
    """Make the saved times so much older, as if the bridge had been off for so long."""
    with closing(sqlite3.connect(folder / "data" / "state.db")) as file, file:
        for id_, text in file.execute("SELECT id, body FROM chargers").fetchall():
            body = json.loads(text)
            for key in ("first_at", "heard_at", "announced_at", "polled_at"):
                body[key] = body[key] and body[key] - seconds
            file.execute("UPDATE chargers SET body = ? WHERE id = ?", (json.dumps(body), id_))


async def test_remembered_chargers_outlive_a_bridge_that_was_off_for_long(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        for name in NAMES:
            announce(peer, name)
        async with bridge(tmp_path, mosquitto.url, **SHORT) as running:
            for name in NAMES:
                await until(running, f'evse_announced{{charger="{name}"}}', 1)
                speak(peer, name, 140_000)
                await until(running, energy(name), 140_000 * 3600)
        pass_time(tmp_path, 8 * 86_400)
        announce(peer, "busy")
        async with bridge(tmp_path, mosquitto.url, **SHORT) as running:
            await until(running, 'evse_announced{charger="busy"}', 1)
            speak(peer, "busy", 5)
            await until(running, energy("busy"), 5 * 3600)
            for name in NAMES:
                speak(peer, name, 140_001)
                await until(running, energy(name), 140_001 * 3600)
            metrics = await running.metrics()
    assert metrics['evse_bridge_announces_total{outcome="known"}'] >= len(NAMES)
    assert 'evse_bridge_announces_total{outcome="returned"}' not in metrics


async def test_a_charger_for_which_there_was_no_room_is_followed_once_there_is(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "ASK_SECONDS", 0.5)
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one")
        async with bridge(tmp_path, mosquitto.url, FLEET__MAX_CHARGERS="1") as running:
            await until(running, 'evse_announced{charger="one"}', 1)
            speak(peer, "one", 5)
            await until(running, energy("one"), 5 * 3600)
            announce(peer, "two")
            await until(running, 'evse_bridge_announces_total{outcome="limit"}', 2)
            peer.publish("openevse/announce/one", "", retain=True)
            await until(running, 'evse_announced{charger="two"}', 1)
            connections = await running.metric("evse_bridge_mqtt_reconnects_total")
    assert connections == 0
