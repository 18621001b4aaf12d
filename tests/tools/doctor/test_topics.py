"""`doctor` at brokers with overlapping topics, and behind a broker bridge."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.tools.doctor.broker import probe_broker
from tests.kit.doctor import case, findings, told
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher


def announcement(base: str) -> str:
    return json.dumps({"id": "a", "state": "connected", "mqtt": base})


@asynccontextmanager
async def speaking(port: int, topic: str) -> AsyncIterator[Publisher]:
    """A charger that sends a message on this topic again and again."""
    with Publisher(port) as peer:

        async def speak() -> None:
            while True:
                peer.publish(topic, "16")
                await asyncio.sleep(0.05)

        task = asyncio.create_task(speak())
        yield peer
        task.cancel()


async def test_an_announce_topic_that_covers_telemetry_is_a_warning(mosquitto: Mosquitto) -> None:
    about = case(MQTT__URL=mosquitto.url, MQTT__ANNOUNCE_TOPICS="openevse/#")
    async with speaking(mosquitto.port, "openevse/one/amp") as peer:
        peer.publish("openevse/announce/a", announcement("openevse/one"), retain=True)
        found = await told(probe_broker, about)
    assert found[2:] == [
        ("ok", "1 charger within 0.5 s, 1 connected (1 retained, 0 live)"),
        (
            "warning",
            "the announce topic openevse/# also covers telemetry, such as openevse/one/amp",
        ),
    ]


async def test_a_base_behind_a_bridge_is_found_and_the_setting_is_named(
    mosquitto: Mosquitto,
) -> None:
    about = case(MQTT__URL=mosquitto.url, MQTT__ANNOUNCE_TOPICS="+/openevse/announce/+")
    async with speaking(mosquitto.port, "north/charger/a/amp") as peer:
        peer.publish("north/openevse/announce/a", announcement("charger/a"), retain=True)
        found = (await findings(probe_broker, about))[-1]
    assert found.status.value == "warning"
    assert found.message == (
        "the announced base topic charger/a is silent, but north/charger/a is not: "
        "a broker bridge seems to add north/"
    )
    assert found.remedy is not None
    assert found.remedy.startswith("set mqtt.prefix to north, or to +")


async def test_with_the_prefix_it_is_heard_as_announced(mosquitto: Mosquitto) -> None:
    about = case(
        MQTT__URL=mosquitto.url, MQTT__ANNOUNCE_TOPICS="+/openevse/announce/+", MQTT__PREFIX="+"
    )
    async with speaking(mosquitto.port, "north/charger/a/amp") as peer:
        peer.publish("north/openevse/announce/a", announcement("charger/a"), retain=True)
        found = await told(probe_broker, about)
    assert found[-1] == ("ok", "1 charger within 0.5 s, 1 connected (1 retained, 0 live)")


async def test_a_base_outside_the_wildcard_is_a_warning(mosquitto: Mosquitto) -> None:
    about = case(
        MQTT__URL=mosquitto.url, MQTT__SUBSCRIPTIONS="wildcard", MQTT__WILDCARD="charger/#"
    )
    async with speaking(mosquitto.port, "depot/a/amp") as peer:
        peer.publish("openevse/announce/a", announcement("depot/a"), retain=True)
        found = await told(probe_broker, about)
    assert ("warning", "1 base topic outside mqtt.wildcard: depot/a") in found
