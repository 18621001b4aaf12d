"""Real brokers that deliver nothing: detected, reported, and cured where reconnecting helps."""

import json
from pathlib import Path

from bridge.sources.mqtt.watchdog import Verdict, Watchdog
from tests.kit.mqtts import watched
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto
from tests.kit.servers.proxy import proxy
from tests.kit.support import Publisher, eventually

KEEPALIVE = 2
LOSSES = "evse_bridge_mqtt_failures_total"


async def fails(running: Bridge, reason: str, times: float = 1) -> None:
    """Wait until connections ended for this reason, and look at what the bridge then says."""

    async def reported() -> bool:
        return await running.metric(f'{LOSSES}{{reason="{reason}"}}') == times

    await eventually(reported, 20, every=0.05)


async def unready(running: Bridge, why: str, seconds: float = 20) -> None:
    async def reported() -> bool:
        return why in (await running.get("/readyz"))[1]

    await eventually(reported, seconds, every=0.05)
    assert await running.metric("evse_bridge_mqtt_ready") == 0


def known(port: int, charger: str = "one") -> None:
    """Let the broker keep the announcement of a charger."""
    members = {"state": "connected", "id": charger, "name": charger, "mqtt": f"charger/{charger}"}
    with Publisher(port) as peer:
        peer.publish(f"openevse/announce/{charger}", json.dumps(members), retain=True)


async def test_a_second_client_with_the_same_id_is_named_as_what_may_be_at_work(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with watched(tmp_path, mosquitto.url, MQTT__CLIENT_ID="twin") as bridge:
        await bridge.hears()
        with Publisher(mosquitto.port, client_id="twin"):
            await bridge.loses()
    assert bridge.losses[0] == (
        "the broker closed the connection; perhaps another client has our client id twin"
    )


async def test_a_connection_whose_packets_vanish_is_given_up_and_made_anew(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        proxy(mosquitto.port) as between,
        bridge(
            tmp_path, f"mqtt://127.0.0.1:{between.port}", MQTT__KEEPALIVE=f"{KEEPALIVE}s"
        ) as running,
    ):
        await running.hears()
        between.freeze()
        await fails(running, "silent")
        await running.hears()
        assert await running.metric("evse_bridge_mqtt_reconnects_total") == 1
        assert await running.metric("evse_bridge_mqtt_ready") == 1


async def test_a_broker_that_is_stopped_is_noticed_and_heard_again_when_it_goes_on(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with bridge(tmp_path, mosquitto.url, MQTT__KEEPALIVE=f"{KEEPALIVE}s") as running:
        await running.hears()
        mosquitto.pause()
        try:
            await unready(running, "not connected to the broker")
            await fails(running, "silent")
        finally:
            mosquitto.resume()
        await running.hears()


REFUSING = {
    "defaultACLAccess": {"publishClientSend": True, "publishClientReceive": True,
                         "subscribe": False, "unsubscribe": True},
    "anonymousGroup": "anyone",
    "groups": [{"groupname": "anyone", "roles": [{"rolename": "chief"}]}],
    "clients": [],
    "roles": [{"rolename": "chief", "acls": [{
        "acltype": "publishClientSend", "topic": "$CONTROL/#", "allow": True}]}],
}  # fmt: skip


async def test_a_subscription_that_the_broker_refuses_is_told_and_asked_for_again(
    tmp_path: Path,
) -> None:
    (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(REFUSING), encoding="utf-8")
    more = (f"plugin {plugin}", f"plugin_opt_config_file {rules}")
    with Mosquitto(tmp_path, more=more) as server:
        async with bridge(tmp_path, server.url, MQTT__KEEPALIVE=f"{KEEPALIVE}s") as running:
            await unready(running, "the broker refuses the announce topics")
            before = server.log.count("Received SUBSCRIBE")
            await eventually(lambda: server.log.count("Received SUBSCRIBE") >= before + 2, 15)
            command = {"command": "setDefaultACLAccess",
                       "acls": [{"acltype": "subscribe", "allow": True}]}  # fmt: skip
            with Publisher(server.port) as peer:
                peer.publish("$CONTROL/dynamic-security/v1", json.dumps({"commands": [command]}))
            await running.hears()
            assert await running.metric("evse_bridge_mqtt_reconnects_total") == 0


async def test_access_rules_that_let_nothing_through_are_noticed(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, acl="topic readwrite #\n") as server:
        known(server.port)
        async with bridge(tmp_path, server.url) as running:

            async def found() -> bool:
                return await running.metric('evse_announced{charger="one"}') == 1

            await eventually(found)
        server.allow("topic write #\n")
        async with bridge(tmp_path, server.url, MQTT__KEEPALIVE=f"{KEEPALIVE}s") as running:
            await running.hears()
            await fails(running, "deaf")
            await unready(running, "accepts our subscriptions but delivers nothing")
            before = server.log.count("Received SUBSCRIBE")
            await eventually(lambda: server.log.count("Received SUBSCRIBE") >= before + 3, 15)
            server.allow("topic readwrite #\n")
            await running.hears()
            assert await running.metric(f'{LOSSES}{{reason="deaf"}}') == 1


async def test_a_broker_without_any_charger_is_ready_for_ever(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with bridge(tmp_path, mosquitto.url, MQTT__KEEPALIVE="1s") as running:
        await running.hears()
        before = mosquitto.log.count("openevse/announce/+")
        await eventually(lambda: mosquitto.log.count("openevse/announce/+") >= before + 3)
        assert (await running.get("/readyz"))[0] == 200
        assert await running.metric("evse_bridge_mqtt_reconnects_total") == 0


def watch(keepalive: float = 30) -> Watchdog:
    """A connection that the broker accepted at 100 s."""
    made = Watchdog(keepalive)
    made.begin(100)
    made.session_accepted()
    made.packet_received(100, message=False)
    return made


def test_a_broker_that_does_not_take_the_session_is_given_up() -> None:
    made = Watchdog(30)
    made.begin(100)
    assert made.verdict(109) is Verdict.WELL
    assert made.verdict(110) is Verdict.SILENT


def test_silence_of_half_a_keep_alive_beyond_a_ping_is_the_end() -> None:
    made = watch()
    made.packet_received(120, message=True)
    assert made.verdict(164) is not Verdict.SILENT
    assert made.verdict(165) is Verdict.SILENT


def test_answers_to_pings_alone_make_the_bridge_ask() -> None:
    made = watch()
    made.packet_received(129, message=False)
    assert made.verdict(129) is Verdict.WELL
    assert made.verdict(130) is Verdict.RESUBSCRIBE


def test_a_message_after_the_question_is_proof_enough() -> None:
    made = watch()
    made.resubscribed(130)
    made.packet_received(131, message=True)
    made.packet_received(160, message=False)
    assert made.verdict(160) is Verdict.WELL


def test_a_granted_subscription_that_brings_nothing_is_deafness() -> None:
    made = watch()
    made.resubscribed(130)
    made.packet_received(131, message=False)
    made.granted(131)
    assert made.verdict(135) is Verdict.WELL
    assert made.verdict(136) is Verdict.DEAF


def test_a_subscription_that_is_never_answered_is_deafness() -> None:
    made = watch()
    made.packet_received(130, message=False)
    made.resubscribed(130)
    made.packet_received(159, message=False)
    assert made.verdict(159) is Verdict.WELL
    assert made.verdict(160) is Verdict.DEAF


def test_deafness_that_is_left_alone_is_looked_at_again_a_keep_alive_later() -> None:
    made = watch()
    made.resubscribed(130)
    made.granted(131)
    made.packet_received(140, message=False)
    made.postpone(140)
    made.packet_received(169, message=False)
    assert made.verdict(169) is Verdict.WELL
    assert made.verdict(170) is Verdict.RESUBSCRIBE


def test_both_kinds_of_silence_are_noticed_within_two_keep_alives() -> None:
    for keepalive in (10, 30, 300):
        dead, deaf = watch(keepalive), watch(keepalive)
        end = 100 + 2 * keepalive
        assert dead.verdict(end - 1) is Verdict.SILENT
        assert deaf.verdict(100 + keepalive) is Verdict.RESUBSCRIBE
        deaf.resubscribed(100 + keepalive)
        deaf.granted(101 + keepalive)
        deaf.packet_received(end - 1, message=False)
        assert deaf.verdict(end - 1) is Verdict.DEAF
