"""The MQTT client on real brokers: discovery, and reconnecting after every kind of loss."""

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import trustme

from bridge.core.discovery.subscriptions import SubscriptionChange, WantedFilters
from bridge.monitoring.health import Health
from bridge.sources.mqtt import client as client_file
from bridge.sources.mqtt.broker import Broker
from bridge.sources.mqtt.client import ConnectionState, MqttClient
from bridge.sources.mqtt.link import LinkObserver
from bridge.storage.state_file import StateFile
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Amqtt, Mosquitto
from tests.kit.servers.mosquitto import Tls
from tests.kit.support import Publisher, Subscriber, eventually

DOCUMENT = {"amp": "16", "amp1": "16", "voltage": "230", "v1": "230", "pilot": "16",
            "wh": "1000", "state": "3", "freeram": "99000", "srssi": "-60"}  # fmt: skip


def announce(
    peer: Publisher, charger: str, base: str | None, *, topic: str | None = None,
    state: str = "connected", retain: bool = True, name: str | None = None,
) -> None:  # fmt: skip
    members = {"state": state, "id": charger, "name": name or f"nofos-{charger}"}
    if base:
        members |= {"mqtt": base, "http": "http://10.0.0.7/"}
    topic = topic or f"openevse/announce/{charger}"
    peer.publish(topic, json.dumps(members), retain=retain)


def document(peer: Publisher, base: str, **changed: str) -> None:
    for key, value in {**DOCUMENT, **changed}.items():
        peer.say(f"{base}/{key}", value)


async def until(running: Bridge, name: str, value: float | None, seconds: float = 15) -> None:
    async def is_so() -> bool:
        return (await running.metric(name)) == value

    await eventually(is_so, seconds, every=0.1)


async def follows(running: Bridge, *chargers: str) -> None:
    """Wait until these chargers are known and their topics subscribed."""
    for charger in chargers:
        await until(running, f'evse_announced{{charger="{charger}"}}', 1)
    await asyncio.sleep(0.3)


async def events_are(running: Bridge, *kinds: str) -> None:
    """Wait until these are the events so far, the oldest first."""

    async def recorded() -> bool:
        events = await running.json("/api/v1/events")
        return tuple(e["kind"] for e in reversed(events["data"])) == kinds

    await eventually(recorded, every=0.1)


def up(charger: str) -> str:
    return f'evse_up{{charger="{charger}"}}'


def amperes(charger: str) -> str:
    return f'evse_current_amperes{{charger="{charger}",phase="1"}}'


async def test_a_charger_is_followed_whenever_it_announces_itself(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "before", "charger/before")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "before")
            announce(peer, "later", "charger/later")
            await follows(running, "later")
            document(peer, "charger/before")
            document(peer, "charger/later", amp="7", amp1="7")
            await until(running, amperes("before"), 16)
            await until(running, amperes("later"), 7)
            metrics = await running.settled(18)
    assert metrics['evse_bridge_readings_discarded_total{reason="alias"}'] == 4


async def test_only_the_topics_of_chargers_are_subscribed_to(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, mosquitto.url) as running:
            await follows(running, "one")
            for n in range(50):
                peer.publish(f"charger/other{n}/amp", "16")
            document(peer, "charger/one")
            await running.settled(9)
            assert await running.metric("evse_bridge_messages_unrouted_total") == 0


async def test_a_charger_that_is_offline_at_start_is_known_from_the_last_run(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            await running.settled(9)
        announce(peer, "one", None, state="disconnected")
        async with bridge(tmp_path, broker.url) as running:
            await until(running, 'evse_announced{charger="one"}', 0)
            await running.hears()
            document(peer, "charger/one")
            await until(running, up("one"), 1)
            await events_are(running, "offline", "online")


async def test_a_last_will_is_heard_as_offline(broker: Mosquitto | Amqtt, tmp_path: Path) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "one")
            document(peer, "charger/one")
            await until(running, up("one"), 1)
            announce(peer, "one", None, state="disconnected")
            await until(running, 'evse_announced{charger="one"}', 0)
            await events_are(running, "offline")


async def test_a_charger_may_move_to_another_topic(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/old")
        async with bridge(
            tmp_path, broker.url, FLEET__STALE_AFTER="1.5s", FLEET__SILENT_AFTER="1s"
        ) as running:
            await follows(running, "one")
            document(peer, "charger/old", wh="1000")
            await until(running, amperes("one"), 16)
            announce(peer, "one", "charger/new")
            await until(running, up("one"), 0)
            document(peer, "charger/new", amp="9", amp1="9", wh="1010")
            await until(running, amperes("one"), 9)
            await until(running, 'evse_energy_joules_total{charger="one"}', 3_636_000)
            await events_are(running, "moved")


async def test_a_cleared_announcement_takes_the_charger_away(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/one")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "one")
            peer.publish("openevse/announce/one", b"", retain=True)
            await until(running, 'evse_announced{charger="one"}', None)
            assert (await running.json("/api/v1/chargers"))["data"] == []
        async with bridge(tmp_path, broker.url) as running:
            await running.hears()
            assert (await running.json("/api/v1/chargers"))["data"] == []


async def test_a_cleared_charger_is_no_longer_subscribed_to_and_remembered_as_retired(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/one")
        announce(peer, "two", "charger/two")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "one", "two")
            document(peer, "charger/one")
            await until(running, amperes("one"), 16)
            peer.publish("openevse/announce/one", b"", retain=True)
            await until(running, up("one"), None)
            await asyncio.sleep(0.3)
            document(peer, "charger/one")
            document(peer, "charger/two")
            await until(running, amperes("two"), 16)
            assert await running.metric("evse_bridge_messages_unrouted_total") == 0
    state = await StateFile.open(tmp_path / "data")
    assert {id_: body.get("retired") for id_, body in state.loaded.items()} == {
        "one": True, "two": False,
    }  # fmt: skip
    await state.close(clean=True)


async def test_an_ignored_charger_is_forgotten_at_the_next_start(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        announce(peer, "one", "charger/one")
        announce(peer, "two", "charger/two")
        async with bridge(tmp_path, mosquitto.url) as running:
            await follows(running, "one", "two")
        async with bridge(tmp_path, mosquitto.url, FLEET__IGNORE="one") as running:
            await follows(running, "two")
            document(peer, "charger/one")
            document(peer, "charger/two")
            await until(running, amperes("two"), 16)
            data = (await running.json("/api/v1/chargers"))["data"]
            assert [each["id"] for each in data] == ["two"]
            assert await running.metric(up("one")) is None
    state = await StateFile.open(tmp_path / "data")
    assert set(state.loaded) == {"two"}
    await state.close(clean=True)


async def test_a_base_claimed_by_two_ids_is_flagged_and_not_attributed(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/same")
        announce(peer, "two", "charger/same")
        async with bridge(tmp_path, broker.url) as running:
            await until(running, 'evse_duplicate{charger="one"}', 1)
            await until(running, 'evse_duplicate{charger="two"}', 1)
            document(peer, "charger/same")
            await until(running, 'evse_bridge_readings_discarded_total{reason="ambiguous"}', 9)


async def test_two_devices_with_one_id_are_flagged_and_kept_apart(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/a", topic="openevse/announce/a")
        announce(peer, "one", "charger/b", topic="openevse/announce/b")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "one")
            document(peer, "charger/a", amp="5", amp1="5")
            document(peer, "charger/b", amp="9", amp1="9")
            await until(running, 'evse_duplicate{charger="one"}', 1)
            metrics = await running.settled(18)
            assert metrics[amperes("one")] == 5
            assert metrics['evse_bridge_readings_discarded_total{reason="duplicate"}'] == 9


async def test_a_rename_is_told_and_shown(broker: Mosquitto | Amqtt, tmp_path: Path) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/one", name="garage")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "one")
            announce(peer, "one", "charger/one", name="yard")
            await events_are(running, "renamed")
            assert (await running.json("/api/v1/chargers/one"))["name"] == "yard"


async def test_a_stale_retained_announcement_does_not_hide_where_the_charger_speaks(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/a-old", topic="openevse/announce/a-old")
        announce(peer, "one", "charger/b-new", topic="openevse/announce/b-new")
        for _ in range(2):
            async with bridge(tmp_path, broker.url) as running:
                await follows(running, "one")
                document(peer, "charger/b-new")
                await until(running, amperes("one"), 16)
                metrics = await running.settled(9)
                assert metrics['evse_bridge_readings_discarded_total{reason="duplicate"}'] == 0
                assert metrics['evse_duplicate{charger="one"}'] == 0


async def test_two_ids_that_take_turns_on_one_announce_topic_are_kept_apart(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        async with bridge(tmp_path, broker.url) as running:
            await running.hears()
            for charger in ("one", "two", "one", "two"):
                announce(peer, charger, f"charger/{charger}", topic="openevse/announce/same")
            await follows(running, "one", "two")
            await events_are(running, "duplicate", "duplicate")
            document(peer, "charger/one", amp="5", amp1="5")
            document(peer, "charger/two", amp="9", amp1="9")
            metrics = await running.settled(18)
            assert (metrics[amperes("one")], metrics[amperes("two")]) == (5, 9)


async def test_a_base_inside_another_ones_is_heard_once(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "outer", "site")
        announce(peer, "inner", "site/box")
        async with bridge(tmp_path, broker.url) as running:
            await follows(running, "outer", "inner")
            document(peer, "site/box", amp="3", amp1="3")
            document(peer, "site", amp="4", amp1="4")
            metrics = await running.settled(18)
            assert metrics[amperes("inner")] == 3
            assert metrics[amperes("outer")] == 4
            assert metrics["evse_bridge_readings_received_total"] == 18


async def test_retained_telemetry_at_the_start_is_no_sample(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    with Publisher(broker.port) as peer:
        announce(peer, "one", "charger/one")
        peer.publish("charger/one/amp", "16", retain=True)
        async with bridge(tmp_path, broker.url) as running:
            await until(running, 'evse_bridge_readings_discarded_total{reason="retained"}', 1)
            assert await running.metric(up("one")) == 0


async def test_a_broker_that_is_down_at_start_is_waited_for(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.stop()
    async with bridge(tmp_path, mosquitto.url) as running:
        assert (await running.get("/livez"))[0] == 200
        assert (await running.get("/readyz"))[0] == 503
        mosquitto.start()
        await running.hears()


async def test_the_bridge_comes_back_after_a_restart_of_the_broker(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    async with bridge(tmp_path, broker.url) as running:
        with Publisher(broker.port) as peer:
            announce(peer, "one", "charger/one")
            await follows(running, "one")
        broker.restart()
        await until(running, "evse_bridge_mqtt_reconnects_total", 1)
        await running.hears()
        await asyncio.sleep(0.3)
        with Publisher(broker.port) as peer:
            document(peer, "charger/one")
            await until(running, amperes("one"), 16)


async def test_a_client_that_takes_over_the_id_is_survived(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with bridge(tmp_path, mosquitto.url, MQTT__CLIENT_ID="bridge") as running:
        await running.hears()
        with Subscriber(mosquitto.port, "x", client_id="bridge"):
            pass
        await until(running, "evse_bridge_mqtt_reconnects_total", 1)
        await running.hears()


async def test_a_name_and_password_are_used(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, passwords={"bridge": "secret"}) as server:
        async with bridge(
            tmp_path, server.url, MQTT__USERNAME="bridge", MQTT__PASSWORD="secret"
        ) as running:
            await running.hears()


async def test_a_wrong_password_is_told_and_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Mosquitto(tmp_path, passwords={"bridge": "secret"}) as server:
        async with bridge(
            tmp_path, server.url, MQTT__USERNAME="bridge", MQTT__PASSWORD="wrong-one"
        ) as running:
            await eventually(lambda: server.log.count("not authorised") >= 2, 20)
            assert "not connected" in (await running.get("/readyz"))[1]
    output = capfd.readouterr()
    assert "wrong-one" not in output.out + output.err


class FakeLink:
    """A link without a broker."""

    def __init__(self, broker: Broker, observer: LinkObserver) -> None:
        self.subscribed: list[str] = []

    def subscribe(self, filters: Iterable[str]) -> None:
        self.subscribed += filters


async def test_only_granted_announce_topics_make_the_bridge_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_file, "Link", FakeLink)
    connection = ConnectionState()
    mqtt = MqttClient(
        Broker("127.0.0.1", 1883, "x"), announce_topics=("a/+", "b/+"), state=connection,
        wanted=WantedFilters(), announcements_expected=lambda: False,
    )  # fmt: skip
    mqtt.connected()
    assert not connection.subscribed
    mqtt.granted(["a/+"], [])
    assert not connection.subscribed
    mqtt.granted(["b/+"], ["b/+"])
    assert not connection.subscribed
    mqtt.granted(["c/#"], [])
    assert not connection.subscribed
    mqtt.granted(["b/+"], [])
    assert connection.subscribed
    mqtt.granted(["c/#"], ["c/#"])
    assert connection.subscribed


async def test_a_charger_cannot_take_the_announce_topics_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dropped: list[str] = []

    class Dropping(FakeLink):
        def unsubscribe(self, filters: Iterable[str]) -> None:
            dropped.extend(filters)

    monkeypatch.setattr(client_file, "Link", Dropping)
    wanted = WantedFilters()
    mqtt = MqttClient(
        Broker("127.0.0.1", 1883, "x"), announce_topics=("openevse/announce/#",),
        state=ConnectionState(), wanted=wanted, announcements_expected=lambda: False,
    )  # fmt: skip
    mqtt.connected()
    wanted.apply(SubscriptionChange(("openevse/announce/#", "a/#"), ()))
    mqtt.received([])
    wanted.apply(SubscriptionChange((), ("openevse/announce/#", "a/#")))
    mqtt.received([])
    assert dropped == ["a/#"]


async def test_a_base_that_mosquitto_would_hang_up_on_makes_nobody_deaf(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        for n, base in enumerate(("a\x01b", "a\n", "/" * 250, "a\uffff")):
            announce(peer, f"bad{n}", base)
        async with bridge(tmp_path, mosquitto.url) as running:
            announce(peer, "one", "charger/one")
            await follows(running, "one")
            document(peer, "charger/one")
            await until(running, amperes("one"), 16)
            assert await running.metric("evse_bridge_mqtt_reconnects_total") == 0


def test_a_connection_that_was_silent_for_two_keep_alives_is_not_ready() -> None:
    connection = ConnectionState()
    connection.connected = connection.subscribed = True
    health = Health(connection, keepalive=30)
    connection.last_packet_steady = time.monotonic() - 59
    assert health.unready() is None
    connection.last_packet_steady = time.monotonic() - 61
    assert health.unready() == "nothing from the broker for two keep-alives"


async def test_mqtts_with_a_private_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key, ca = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    with (
        Mosquitto(tmp_path, tls=Tls(cert, key)) as server,
        Publisher(server.port, ca_file=str(ca)) as peer,
    ):
        async with bridge(tmp_path, server.url, MQTT__CA_FILE=str(ca)) as running:
            await running.hears()
            announce(peer, "one", "charger/one")
            await follows(running, "one")
            document(peer, "charger/one")
            await until(running, amperes("one"), 16)


async def test_the_client_id_is_made_once_and_kept(mosquitto: Mosquitto, tmp_path: Path) -> None:
    for _ in range(2):
        async with bridge(tmp_path, mosquitto.url) as running:
            await running.hears()
    ids = {word for word in mosquitto.log.split() if word.startswith("nofos-bridge-")}
    assert len({word.strip("(),") for word in ids}) == 1


async def test_many_chargers_are_subscribed_to_in_many_packets(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        for n in range(450):
            announce(peer, f"id{n}", f"charger/{n}")
        async with bridge(tmp_path, mosquitto.url) as running:
            await until(running, 'evse_bridge_chargers{state="unheard"}', 450)
            await asyncio.sleep(0.5)
            for n in range(450):
                peer.say(f"charger/{n}/pilot", "16")
            await until(running, 'evse_bridge_chargers{state="up"}', 450)
        async with bridge(tmp_path, mosquitto.url) as running:
            await running.hears()
            await asyncio.sleep(0.5)
            for n in range(450):
                peer.say(f"charger/{n}/pilot", "16")
            await until(running, 'evse_bridge_chargers{state="up"}', 450)
