"""Two real brokers, one behind the other, with a prefix in between."""

import json
from pathlib import Path

from tests.kit.mqtts import watched
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually

UP = 'evse_up{charger="abc123"}'
ANNOUNCED = json.dumps({"state": "connected", "id": "abc123", "mqtt": "charger/one"})


async def test_a_charger_behind_a_broker_bridge_is_heard(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    address = mosquitto.url.removeprefix("mqtt://")
    forward = ("connection up", f"address {address}", 'topic # out 0 "" north/')
    with Mosquitto(folder, more=forward) as site, Publisher(site.port) as charger:
        charger.publish("openevse/announce/c123", ANNOUNCED, retain=True)
        async with watched(
            tmp_path, mosquitto.url, MQTT__PREFIX="+", MQTT__ANNOUNCE_TOPICS="+/openevse/announce/+"
        ) as bridge:

            async def up() -> bool:
                charger.publish("charger/one/amp", "16")
                return await bridge.running.metric(UP) == 1

            await eventually(up, 20, every=0.2)
    assert "north/charger/one/#" in mosquitto.log


async def test_without_the_prefix_one_line_names_the_setting(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as charger:
        charger.publish("north/openevse/announce/c123", ANNOUNCED, retain=True)
        async with watched(
            tmp_path, mosquitto.url, MQTT__ANNOUNCE_TOPICS="+/openevse/announce/+",
            FLEET__SILENT_AFTER="1s",
        ) as bridge:  # fmt: skip

            def named() -> bool:
                charger.publish("north/charger/one/amp", "16")
                return bridge.said("charger.below_prefix") == 1

            await eventually(named, 20, every=0.2)
            assert await bridge.running.metric(UP) == 0
    (line,) = [each for each in bridge.lines if each["event"] == "charger.below_prefix"]
    assert line["why"] == (
        "a broker bridge seems to add north/: set mqtt.prefix to it, or to + for the first level "
        "of each announce topic"
    )
