"""Gateways that announce nothing: a plain word on the base topic itself."""

import json
from pathlib import Path

import pytest

from tests.kit.core import Bench
from tests.kit.running import bridge
from tests.kit.servers import Amqtt, Mosquitto
from tests.kit.support import Publisher, eventually

BASE = "charger/one"


def heard() -> Bench:
    """A charger that an operator announced, and that spoke."""
    bench = Bench()
    bench.announce(retained=True)
    bench.hear((f"{BASE}/voltage", "230"))
    return bench


def kinds(bench: Bench) -> list[str]:
    return [kind for kind, _, _ in bench.events()]


def test_disconnected_is_a_last_will_and_connected_ends_it() -> None:
    bench = heard()
    bench.hear((BASE, "disconnected"))
    assert bench.registry.presences()["offline"] == 1
    assert bench.metrics()['evse_announced{charger="abc123"}'] == 0
    bench.hear((BASE, "connected"))
    assert bench.registry.presences()["offline"] == 0
    assert bench.metrics()['evse_announced{charger="abc123"}'] == 1
    assert kinds(bench) == ["offline", "online"]


def test_telemetry_ends_it_too() -> None:
    bench = heard()
    bench.hear((BASE, "disconnected"), (f"{BASE}/voltage", "230"))
    assert kinds(bench) == ["offline", "online"]


def test_a_greeting_is_no_reading_and_proves_no_presence() -> None:
    bench = Bench()
    bench.announce()
    bench.hear((BASE, "connected"))
    assert (bench.accounts.received, bench.unrouted, bench.points()) == (0, 0, [])
    assert bench.metrics()['evse_up{charger="abc123"}'] == 0


@pytest.mark.parametrize("payload", ["", "on", "Connected", '{"state":"disconnected"}', "x" * 9999])
def test_anything_else_on_a_base_belongs_to_nobody(payload: str) -> None:
    bench = heard()
    bench.hear((BASE, payload))
    assert (bench.unrouted, kinds(bench), bench.accounts.received) == (1, [], 1)


def test_a_word_that_the_broker_kept_has_no_age() -> None:
    bench = heard()
    bench.hear((BASE, "disconnected"), retained=True)
    assert (bench.unrouted, kinds(bench)) == (1, [])


def test_a_word_on_an_old_base_takes_nobody_offline() -> None:
    bench = heard()
    bench.announce(base="charger/two")
    bench.hear(("charger/two", "disconnected"))
    assert kinds(bench) == []
    assert bench.ears.labels[-1] == "greeting_unclear"


def test_a_word_on_a_contested_base_takes_nobody_offline() -> None:
    bench = Bench()
    bench.announce()
    bench.announce("def456", topic="openevse/announce/d456")
    bench.hear((BASE, "disconnected"))
    assert kinds(bench) == ["duplicate", "duplicate"]


def test_a_base_inside_another_one_is_greeted_itself() -> None:
    bench = Bench()
    bench.announce("outer1", "charger", topic="openevse/announce/outer")
    bench.hear((BASE, "disconnected"))
    assert bench.discarded() == {"unknown_field": 1}
    bench.announce()
    bench.hear((BASE, "disconnected"))
    assert [(e.charger, e.kind) for e in bench.out.events] == [("abc123", "offline")]


def test_who_claims_anothers_field_as_a_base_does_not_take_it_away() -> None:
    bench = heard()
    bench.announce("evil", f"{BASE}/voltage", topic="openevse/announce/evil")
    bench.hear((f"{BASE}/voltage", "231"))
    bench.wait(1)
    assert bench.points()[-1] == "voltage_1=231.0,polled=0i"


def test_a_charger_that_is_gone_is_greeted_no_more() -> None:
    bench = heard()
    bench.hear((BASE, "connected"), ("openevse/announce/c123", ""), (BASE, "disconnected"))
    assert (kinds(bench), bench.unrouted) == ([], 1)


def test_one_charger_cannot_flood_the_history_with_greetings() -> None:
    bench = heard()
    for _ in range(100):
        bench.hear((BASE, "disconnected"), (BASE, "connected"), gap=0)
    assert len(kinds(bench)) <= 25
    assert bench.ears.labels[-1] == "too_often"


async def test_a_gateway_that_announces_nothing_is_followed_by_an_operators_announcement(
    broker: Mosquitto | Amqtt, tmp_path: Path
) -> None:
    announcement = json.dumps({"state": "connected", "id": "old-8266", "mqtt": "openevse"})
    with Publisher(broker.port) as peer:
        peer.publish("openevse/announce/old-8266", announcement, retain=True)
        async with bridge(tmp_path, broker.url) as running:

            async def offline(count: int) -> bool:
                return (await running.metric('evse_bridge_chargers{state="offline"}')) == count

            async def up() -> bool:
                peer.say("openevse/amp", "16")
                return (await running.metric('evse_up{charger="old-8266"}')) == 1

            await eventually(up, 15, every=0.2)
            peer.say("openevse", "disconnected")
            await eventually(lambda: offline(1), 15, every=0.2)
            peer.say("openevse", "connected")
            await eventually(lambda: offline(0), 15, every=0.2)
