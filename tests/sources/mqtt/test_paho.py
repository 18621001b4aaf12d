"""What the bulk reader rests on in paho, which its authors may change with any release."""

import inspect
import sys
import tomllib
from pathlib import Path

import pytest
from paho.mqtt.client import Client

from bridge.sources.mqtt import link
from bridge.sources.mqtt.tap import Tap
from tests.kit.root import ROOT
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher
from tests.sources.mqtt.test_hearing import amperes, announce, document, follows, until


def test_paho_makes_its_socket_where_ours_is_put_in() -> None:
    assert list(inspect.signature(Client._create_socket).parameters) == ["self"]
    assert "self._sock = self._create_socket()" in inspect.getsource(Client.reconnect)


def test_the_versions_of_paho_are_bounded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (paho,) = (each for each in project["dependencies"] if each.startswith("paho-mqtt"))
    assert paho == "paho-mqtt>=2.1,<2.3"


async def test_paho_asks_no_more_of_its_socket_than_ours_can_do(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()

    class Watched(Tap):
        __slots__ = ()

        def __getattribute__(self, name: str) -> object:
            if "paho" in sys._getframe(1).f_code.co_filename:
                used.add(name)
            return super().__getattribute__(name)

    monkeypatch.setattr(link, "Tap", Watched)
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url, MQTT__KEEPALIVE="1s") as running:
            await follows(running, "one")
            document(peer, "charger/one")
            await until(running, amperes("one"), 16)
            mosquitto.restart()
            await until(running, "evse_bridge_mqtt_reconnects_total", 1)
    assert {"recv", "send", "close", "setblocking"} <= used
    assert used <= {"recv", "send", "close", "fileno", "setblocking", "pending"}


async def test_paho_reads_nothing_but_answers_to_what_we_sent(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[int] = []

    class Counted(Tap):
        __slots__ = ()

        def push(self, frame: bytes) -> None:
            frames.append(frame[0])
            super().push(frame)

    monkeypatch.setattr(link, "Tap", Counted)
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            await until(running, amperes("one"), 16)
    assert frames
    assert set(frames) <= {0x20, 0x90, 0xB0, 0xD0}
