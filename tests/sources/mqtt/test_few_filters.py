"""Brokers that end the connection at many subscriptions, and those that only restart."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.sources.mqtt.subscribe_size import SubscribeSize
from tests.kit.mqtts import Watched, quick_retries, watched
from tests.kit.servers import Mosquitto
from tests.kit.servers.strict_broker import StrictBroker, strict_broker
from tests.kit.support import Publisher, eventually

LOSSES = 'evse_bridge_mqtt_failures_total{reason="subscribe"}'
IDS = [f"id{n:02}" for n in range(20)]
RETAINED = {
    f"openevse/announce/{each}": json.dumps(
        {"state": "connected", "id": each, "mqtt": f"charger/{each}"}
    )
    for each in IDS
}
LIVE = {f"charger/{each}/pilot": "16" for each in IDS}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with quick_retries(monkeypatch):
        yield


async def all_heard(bridge: Watched) -> None:
    async def heard() -> bool:
        metrics = await bridge.running.metrics()
        return all(metrics.get(f'evse_up{{charger="{each}"}}') == 1 for each in IDS)

    await eventually(heard, 30, every=0.1)


def settled(broker: StrictBroker) -> set[str]:
    return set(broker.subscribed)


async def test_a_broker_that_allows_eight_filters_in_a_packet_gets_eight(tmp_path: Path) -> None:
    async with (
        strict_broker(RETAINED, LIVE) as broker,
        watched(tmp_path, broker.url) as bridge,
    ):
        await all_heard(bridge)
        assert await bridge.running.metric(LOSSES) == 2
        assert broker.packets[-3:] == [8, 8, 5]
        assert broker.connections == 3
        assert all("perhaps it does not accept 2" in why for why in bridge.losses)
        assert bridge.said("mqtt.smaller_subscribes") == 1


async def test_a_broker_that_allows_one_filter_in_a_packet_gets_one(tmp_path: Path) -> None:
    async with (
        strict_broker(RETAINED, LIVE, most_per_packet=1) as broker,
        watched(tmp_path, broker.url) as bridge,
    ):
        await all_heard(bridge)
        assert await bridge.running.metric(LOSSES) == 4
        assert broker.packets[-21:] == [1] * 21


async def test_a_broker_with_few_subscriptions_is_suspected_by_name_of_the_setting(
    tmp_path: Path,
) -> None:
    async with (
        strict_broker(RETAINED, LIVE, most_per_packet=1, most_per_connection=5) as broker,
        watched(tmp_path, broker.url) as bridge,
    ):
        await eventually(lambda: "mqtt.subscriptions" in " ".join(bridge.losses), 30)

        async def unready() -> bool:
            return "(mqtt.subscriptions)" in (await bridge.running.get("/readyz"))[1]

        await eventually(unready, 20, every=0.02)


async def test_one_wildcard_is_enough_for_a_broker_with_few_subscriptions(tmp_path: Path) -> None:
    async with (
        strict_broker(RETAINED, LIVE, most_per_packet=8, most_per_connection=2) as broker,
        watched(
            tmp_path, broker.url, MQTT__SUBSCRIPTIONS="wildcard", MQTT__WILDCARD="charger/#"
        ) as bridge,
    ):
        await all_heard(bridge)
        assert settled(broker) == {"openevse/announce/+", "charger/#"}
        assert bridge.losses == []


async def test_one_wildcard_at_a_real_broker_hears_old_and_new_chargers(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    wild = {"MQTT__SUBSCRIPTIONS": "wildcard", "MQTT__WILDCARD": "charger/+/+"}
    with Publisher(mosquitto.port) as peer:
        for topic, payload in list(RETAINED.items())[:19]:
            peer.publish(topic, payload, retain=True)
        async with watched(tmp_path, mosquitto.url, **wild) as bridge:
            await bridge.hears()
            peer.publish("openevse/announce/id19", RETAINED["openevse/announce/id19"])

            async def known() -> bool:
                return len(await bridge.running.json("/api/v1/chargers?limit=100")) > 0 and (
                    await bridge.running.metric('evse_up{charger="id19"}') is not None
                )

            await eventually(known, 20)
            for topic, payload in LIVE.items():
                peer.publish(topic, payload)
            await all_heard(bridge)
    assert mosquitto.log.count("charger/+/+ (QoS 0)") == 1
    assert "charger/id00/#" not in mosquitto.log


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_a_plain_restart_is_not_taken_for_another_client(
    mosquitto: Mosquitto, tmp_path: Path, end: str
) -> None:
    async with watched(tmp_path, mosquitto.url) as bridge:
        await bridge.hears()
        getattr(mosquitto, end)()
        await bridge.loses()
        mosquitto.start()
        await bridge.hears()
    assert [why for why in bridge.losses if "client id" in why or "SUBSCRIBE" in why] == []


def test_two_ends_make_the_packets_smaller_and_a_day_larger_again() -> None:
    size = SubscribeSize()
    assert (size.next(0), size.ended(20, 0), size.next(1)) == (100, False, 100)
    assert (size.ended(20, 1), size.next(2)) == (True, 8)
    assert (size.ended(8, 2), size.ended(8, 3), size.next(4)) == (False, True, 1)
    assert (size.ended(1, 4), size.ended(1, 5), size.next(6)) == (False, False, 1)
    day = 86_400.0 + 3
    assert size.next(day) == 100
    # It is known what works: one end is enough to return to it.
    assert (size.ended(30, day), size.next(day + 1)) == (True, 1)
    assert size.next(2 * day) == 100
    assert (size.ended(0, 2 * day), size.next(2 * day + 5)) == (False, 100)


def test_ends_that_are_not_in_a_row_change_nothing() -> None:
    size = SubscribeSize()
    for at in range(5):
        assert not size.ended(20, at)
        assert not size.ended(0, at)
    assert size.next(9) == 100


def test_a_small_packet_steps_down_to_one() -> None:
    size = SubscribeSize()
    assert (size.ended(5, 0), size.ended(5, 1), size.next(2)) == (False, True, 1)
