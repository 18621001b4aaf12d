"""The embedded broker is heard and spoken to as any MQTT broker, over real sockets."""

import asyncio
import logging
import socket

import pytest

from bridge.core.errors import CannotStart
from bridge.tools.demo.broker import EmbeddedBroker
from tests.kit.servers import Amqtt, Mosquitto
from tests.kit.support import Heard, Publisher, Subscriber, Will, eventually

Broker = Amqtt | Mosquitto
WILL = Will("charger/one/state", "offline")
KEPT_WILL = Will("charger/one/state", "offline", retain=True)


async def test_a_message_reaches_its_subscriber(broker: Broker) -> None:
    with Subscriber(broker.port, "a/b") as ears, Publisher(broker.port) as mouth:
        mouth.publish("a/b", "16.2")
        await eventually(lambda: ears.received == [Heard("a/b", "16.2")])


async def test_messages_keep_their_order(broker: Broker) -> None:
    with Subscriber(broker.port, "a/#") as ears, Publisher(broker.port) as mouth:
        for number in range(300):
            mouth.say(f"a/{number % 3}", str(number))
        await eventually(lambda: len(ears.received) == 300)
    assert [heard.payload for heard in ears.received] == [str(number) for number in range(300)]


async def test_a_plus_stands_for_one_level(broker: Broker) -> None:
    with Subscriber(broker.port, "a/+/c") as ears, Publisher(broker.port) as mouth:
        for topic in ("a/c", "a/x/y/c", "a/x/c/d", "a/x/c", "a//c"):
            mouth.publish(topic, "1")
        await eventually(lambda: len(ears.received) == 2)
    assert [heard.topic for heard in ears.received] == ["a/x/c", "a//c"]


async def test_a_hash_stands_for_all_levels_and_for_none(broker: Broker) -> None:
    with Subscriber(broker.port, "a/#") as ears, Publisher(broker.port) as mouth:
        for topic in ("b", "ab/c", "a", "a/b", "a/b/c"):
            mouth.publish(topic, "1")
        await eventually(lambda: len(ears.received) == 3)
    assert [heard.topic for heard in ears.received] == ["a", "a/b", "a/b/c"]


async def test_a_retained_message_awaits_its_subscriber(broker: Broker) -> None:
    with Publisher(broker.port) as mouth:
        mouth.publish("a/b", "old", retain=True)
        mouth.publish("a/b", "new", retain=True)
    with Subscriber(broker.port, "a/+") as ears:
        await eventually(lambda: ears.received == [Heard("a/b", "new", retained=True)])


async def test_a_retained_message_is_live_to_who_listens_already(broker: Broker) -> None:
    with Subscriber(broker.port, "a/b") as ears, Publisher(broker.port) as mouth:
        mouth.publish("a/b", "now", retain=True)
        await eventually(lambda: ears.received == [Heard("a/b", "now", retained=False)])


async def test_an_empty_payload_clears_what_is_retained(broker: Broker) -> None:
    with Publisher(broker.port) as mouth:
        mouth.publish("a/b", "old", retain=True)
        mouth.publish("a/b", "", retain=True)
        mouth.publish("a/c", "stays", retain=True)
    with Subscriber(broker.port, "a/#") as ears:
        await eventually(lambda: ears.received == [Heard("a/c", "stays", retained=True)])


async def test_an_empty_payload_is_heard(broker: Broker) -> None:
    with Subscriber(broker.port, "a/b") as ears, Publisher(broker.port) as mouth:
        mouth.publish("a/b", "", retain=True)
        await eventually(lambda: ears.received == [Heard("a/b", "")])


async def test_who_breaks_off_leaves_a_last_will(broker: Broker) -> None:
    with Subscriber(broker.port, "charger/#") as ears:
        charger = Publisher(broker.port, will=WILL).__enter__()
        charger.break_off()
        await eventually(lambda: ears.received == [Heard("charger/one/state", "offline")])


async def test_a_retained_last_will_awaits_its_subscriber(broker: Broker) -> None:
    with Subscriber(broker.port, "charger/#") as early:
        Publisher(broker.port, will=KEPT_WILL).__enter__().break_off()
        await eventually(lambda: early.received)
    with Subscriber(broker.port, "charger/#") as late:
        expected = [Heard("charger/one/state", "offline", retained=True)]
        await eventually(lambda: late.received == expected)


async def test_who_leaves_in_good_order_leaves_no_will(broker: Broker) -> None:
    with Subscriber(broker.port, "#") as ears, Publisher(broker.port) as other:
        with Publisher(broker.port, will=WILL) as charger:
            charger.publish("charger/one/amp", "0")
        other.publish("end", "1")
        await eventually(lambda: ears.payloads("end"))
    assert ears.payloads("charger/one/state") == []


async def test_the_last_words_come_before_the_last_will(broker: Broker) -> None:
    with Subscriber(broker.port, "charger/#") as ears:
        charger = Publisher(broker.port, will=WILL).__enter__()
        for number in range(200):
            charger.publish("charger/one/amp", str(number))
        charger.break_off()
        await eventually(lambda: ears.payloads("charger/one/state") == ["offline"])
    assert len(ears.payloads("charger/one/amp")) == 200
    assert ears.received[-1].topic == "charger/one/state"


@pytest.mark.parametrize("goodbye", ["e000", ""], ids=["goodbye", "no goodbye"])
async def test_what_is_said_in_one_breath_with_the_end_is_heard(
    broker: Broker, goodbye: str
) -> None:
    with Subscriber(broker.port, "a") as ears:
        frames = bytes.fromhex(
            "100d 0004 4d515454 04 02 0000 0001 63"  # CONNECT as client "c", no keep-alive
            + 200 * "3004 0001 61 31"  # PUBLISH 1 to "a"
            + goodbye  # DISCONNECT
        )
        with socket.create_connection(("127.0.0.1", broker.port)) as raw:
            raw.sendall(frames)
            raw.shutdown(socket.SHUT_WR)
        await eventually(lambda: len(ears.payloads("a")) == 200)


async def test_a_newcomer_hears_only_what_it_asked_for(broker: Broker) -> None:
    with Publisher(broker.port) as mouth, Subscriber(broker.port, "a/#") as other:
        mouth.publish("a/b", "1", retain=True)
        await eventually(lambda: other.received)
        with Subscriber(broker.port, "c/#") as newcomer:
            mouth.publish("c/d", "2")
            await eventually(lambda: newcomer.payloads("c/d"))
    assert newcomer.received == [Heard("c/d", "2")]


async def test_a_client_id_that_is_taken_over_loses_its_connection(broker: Broker) -> None:
    with Subscriber(broker.port, "charger/#") as ears:
        old = Publisher(broker.port, client_id="one", will=WILL).__enter__()
        new = Publisher(broker.port, client_id="one").__enter__()
        await eventually(old.lost.is_set)
        await eventually(lambda: ears.payloads("charger/one/state") == ["offline"])
        new.close()


async def test_a_message_to_a_wildcard_is_not_passed_on(broker: Broker) -> None:
    with Subscriber(broker.port, "#") as ears, Publisher(broker.port) as other:
        with socket.create_connection(("127.0.0.1", broker.port)) as raw:
            raw.sendall(bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 63 3004 0001 23 31"))
            assert raw.recv(4) == bytes.fromhex("20020000")
        other.publish("end", "1")
        await eventually(lambda: ears.payloads("end"))
    assert ears.received == [Heard("end", "1")]


async def test_it_comes_back_on_its_port(broker: Broker) -> None:
    port = broker.port
    with Subscriber(broker.port, "a/#", reconnect=True) as ears:
        broker.restart()
        assert broker.port == port
        with Publisher(port) as mouth:
            mouth.publish("a/b", "again", retain=True)
            await eventually(lambda: ears.payloads("a/b") == ["again"])


async def test_a_port_that_is_taken_cannot_be_started_on() -> None:
    first = EmbeddedBroker()
    await first.start()
    second = EmbeddedBroker(port=first.port)
    with pytest.raises(CannotStart, match=f"no broker on 127.0.0.1:{first.port}"):
        await second.start()
    await second.stop()
    await first.stop()


async def test_after_a_stop_nobody_listens() -> None:
    broker = EmbeddedBroker()
    await broker.start()
    await broker.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", broker.port), 1)


async def test_a_stop_ends_with_a_client_that_never_said_who_it_is() -> None:
    broker = EmbeddedBroker()
    await broker.start()
    with socket.create_connection(("127.0.0.1", broker.port)):
        async with asyncio.timeout(8):
            await broker.stop()


async def test_it_says_nothing_about_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with Amqtt() as broker:
        with Subscriber(broker.port, "#", "$SYS/#") as ears, Publisher(broker.port) as mouth:
            mouth.publish("end", "1")
            await eventually(lambda: ears.payloads("end"))
        assert ears.received == [Heard("end", "1")]
    assert capsys.readouterr() == ("", "")


async def test_it_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Amqtt() as broker:
        with Publisher(broker.port, will=WILL) as charger:
            charger.publish("a", "1", retain=True)
        socket.create_connection(("127.0.0.1", broker.port)).close()
    assert [r.name for r in caplog.records if r.name.startswith(("amqtt", "transitions"))] == []
