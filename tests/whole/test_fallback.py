"""The whole bridge and a charger's own web server: MQTT falls silent, the series go on."""

import json
from pathlib import Path

from tests.kit.polling import http, strange
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import amperes, document, until

STATUS = {
    "amp": 10, "voltage": 230, "pilot": 16, "state": 3, "watthour": 5000, "srssi": -60,
    "free_heap": 90_000, "largest_free_block": 40_000,
}  # fmt: skip


def announce(peer: Publisher, port: int) -> None:
    said = {"state": "connected", "id": "one", "name": "one", "mqtt": "charger/one",
            "http": f"http://127.0.0.1:{port}/"}  # fmt: skip
    peer.publish("openevse/announce/one", json.dumps(said), retain=True)


def polled_often(port: int) -> dict[str, str]:
    """The settings with which chargers on this port of loopback are polled each second."""
    return {
        "HTTP__ENABLED": "true", "HTTP__ALLOW": "127.0.0.0/8", "HTTP__PORTS": str(port),
        "FLEET__SILENT_AFTER": "1s", "HTTP__FALLBACK_EVERY": "1s", "HTTP__MIN_GAP": "1s",
    }  # fmt: skip


async def test_a_charger_whose_mqtt_is_silent_is_polled(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with strange(http(json.dumps(STATUS))) as server:
        with Publisher(mosquitto.port) as peer:
            announce(peer, server.port)
            async with bridge(tmp_path, mosquitto.url, **polled_often(server.port)) as running:
                await until(running, 'evse_announced{charger="one"}', 1)
                document(peer, "charger/one")
                await until(running, amperes("one"), 16)
                await until(running, amperes("one"), 10, 30)
                await until(running, 'evse_source{charger="one",evse_source="http"}', 1)
                charger = await running.json("/api/v1/chargers/one")
                metrics = await running.metrics()
    assert server.requests[0].startswith(b"GET /status HTTP/1.1\r\n")
    assert b"authorization" not in server.requests[0].lower()
    assert charger["source"] == "http"
    assert charger["last_poll"] is not None
    assert charger["values"]["current_1"]["source"] == "http"
    assert charger["values"]["power"]["source"] == "http"
    assert metrics['evse_bridge_polls_total{outcome="ok"}'] >= 1
    assert metrics["evse_bridge_poll_stretch_ratio"] == 1
    assert metrics['evse_heap_largest_free_block_bytes{charger="one"}'] == 40_000


async def test_the_bridges_own_machine_is_not_polled_where_nobody_named_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with strange(http(json.dumps(STATUS))) as server:
        with Publisher(mosquitto.port) as peer:
            announce(peer, server.port)
            async with bridge(
                tmp_path, mosquitto.url, HTTP__ENABLED="true", HTTP__PORTS=str(server.port),
                FLEET__SILENT_AFTER="1s", HTTP__FALLBACK_EVERY="1s", HTTP__MIN_GAP="1s",
            ) as running:  # fmt: skip

                async def refused() -> float | None:
                    name = 'evse_bridge_addresses_refused_total{reason="loopback"}'
                    return await running.metric(name)

                await eventually(refused, 30)
    assert server.requests == []
