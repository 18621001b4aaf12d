"""`enroll` against simulated chargers: what each of its stages says when it fails."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from bridge.core.errors import CommandFailed
from bridge.settings import load
from bridge.tools.enroll.arguments import announcement_broker, parse_mqtt_config
from bridge.tools.enroll.run import EnrollOptions, enroll
from tests.kit.chargers import Depot, depot
from tests.kit.polling import Stranger, http, strange
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, Subscriber, eventually

SECRET = "hush-hush"
CONFIG = {
    "mqtt_topic": "charger/old",
    "mqtt_announce_topic": "openevse/announce/old",
    "msg": "done",
}
NEAR = {"HTTP__ALLOW": "127.0.0.0/8"}


async def enrolled(
    one: Depot,
    url: str,
    broker: str,
    *,
    topic: str | None = "depot/seven",
    announce_topic: str | None = None,
    username: str = "",
    wait: float = 8.0,
    more: Mapping[str, str] = NEAR,
) -> tuple[str, str]:
    """What `enroll` says on both of its outputs; no secret in what it fails with."""
    settings = one.settings(**more)
    wish = parse_mqtt_config(
        broker, topic=topic, announce_topic=announce_topic, username=username, verify=True
    )
    wish = replace(wish, password=SECRET if username else "")
    out, err = StringIO(), StringIO()
    try:
        task = EnrollOptions(url, wish, announcement_broker(wish, settings), wait)
        await enroll(task, settings, out, err)
    except CommandFailed as failed:
        err.write(str(failed))
        raise
    finally:
        assert SECRET not in out.getvalue() + err.getvalue()
    return out.getvalue(), err.getvalue()


@pytest.fixture
async def one(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Depot]:
    """A charger on another broker, which is gone."""
    async with depot(tmp_path, "mqtt://127.0.0.1:9", speed=20.0) as depot_:
        depot_.broker = mosquitto.url
        yield depot_


@pytest.fixture
def alone(tmp_path: Path, mosquitto: Mosquitto) -> Depot:
    return Depot("", mosquitto.url, tmp_path / "data")


@contextlib.asynccontextmanager
async def pretending(**config: object) -> AsyncIterator[Stranger]:
    """A charger's web server that answers everything with this document."""
    async with strange(http(json.dumps(CONFIG | config))) as server:
        yield server


async def test_a_charger_is_given_its_settings_and_announces_itself(
    one: Depot, mosquitto: Mosquitto
) -> None:
    out, err = await enrolled(one, one.url, mosquitto.url)
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert rows["topic"] == "depot/seven"
    assert rows["http"] == one.url + "/"
    assert "accepted the settings" in err


async def test_a_charger_with_a_password_reaches_a_broker_that_wants_one(
    tmp_path: Path,
) -> None:
    with Mosquitto(tmp_path, passwords={"seven": SECRET}) as locked:
        async with depot(tmp_path, "mqtt://127.0.0.1:9", speed=20.0) as one:
            one.broker = locked.url
            secret = {"MQTT__USERNAME": "seven", "MQTT__PASSWORD": SECRET}
            out, _ = await enrolled(one, one.url, locked.url, username="seven", more=secret)
    assert "depot/seven" in out


def test_without_a_broker_of_ours_we_listen_at_the_chargers() -> None:
    wish = parse_mqtt_config(
        "mqtt://10.0.0.1", topic=None, announce_topic=None, username="seven", verify=True
    )
    post = announcement_broker(replace(wish, password=SECRET), load(None, {}))
    assert (post.host, post.port, post.username) == ("10.0.0.1", 1883, "seven")
    assert post.password() == SECRET


def test_where_we_have_a_broker_we_listen_there_as_the_bridge_does(alone: Depot) -> None:
    wish = parse_mqtt_config(
        "mqtt://10.0.0.1", topic=None, announce_topic=None, username="", verify=True
    )
    post = announcement_broker(
        wish, alone.settings(MQTT__USERNAME="bridge", MQTT__CLIENT_ID="depot")
    )
    assert (post.host, post.username) == ("127.0.0.1", "bridge")
    assert post.client_id != "depot"


async def test_only_mqtt_settings_are_posted_and_nothing_is_published(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    with Subscriber(mosquitto.port) as hears:
        async with pretending() as server:
            with pytest.raises(CommandFailed):
                await enrolled(alone, str(server.address), mosquitto.url, wait=1.0)
        assert hears.received == []
    verbs = [request.split(b" HTTP")[0] for request in server.requests]
    assert verbs[:2] == [b"GET /config", b"POST /config"]
    assert set(verbs) <= {b"GET /config", b"POST /config", b"GET /status"}


async def test_a_charger_that_is_away_is_not_reachable(alone: Depot) -> None:
    with pytest.raises(CommandFailed, match=r"is unreachable: .* The charger was not changed"):
        await enrolled(alone, "http://127.0.0.1:9", alone.broker)


async def test_a_charger_that_wants_a_login_is_told_apart(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    async with depot(tmp_path, mosquitto.url, login=("anna", "s3:cret")) as one:
        with pytest.raises(CommandFailed, match=r"requires a login \(401\)"):
            await enrolled(one, one.url, mosquitto.url)


async def test_a_login_opens_a_charger_in_a_network_that_was_named(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "s3:cret", **NEAR}
    async with depot(tmp_path, mosquitto.url, login=("anna", "s3:cret"), speed=20.0) as one:
        out, _ = await enrolled(one, one.url, mosquitto.url, more=login)
    assert "depot/seven" in out


async def test_a_refusal_is_repeated_in_the_chargers_words(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        posted = server.requests[-1].startswith(b"POST")
        refusal = http('{"msg":"Could not parse JSON"}', "400 Bad Request")
        writer.write(refusal if posted else http(json.dumps(CONFIG)))
        await writer.drain()

    async with strange(respond) as server:
        with pytest.raises(CommandFailed, match=r"refused .* 400\): Could not parse JSON"):
            await enrolled(alone, str(server.address), mosquitto.url)


async def test_a_charger_that_does_not_say_done_is_not_believed(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    async with pretending(msg="no\x1b[2J") as server:
        with pytest.raises(CommandFailed, match=r"did not confirm the settings: no\\x1b\[2J"):
            await enrolled(alone, str(server.address), mosquitto.url)


async def test_a_charger_that_repeats_the_password_does_not_make_us_print_it(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    async with pretending(msg=f"bad mqtt_pass {SECRET}") as server:
        with pytest.raises(CommandFailed, match=r"bad mqtt_pass \*\*\*"):
            await enrolled(alone, str(server.address), mosquitto.url, username="seven")


async def test_a_setting_that_was_silently_not_taken_is_named(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    async with pretending() as server:
        with pytest.raises(CommandFailed, match="did not store mqtt_topic: "):
            await enrolled(alone, str(server.address), mosquitto.url, wait=1.0)


async def test_a_charger_that_cannot_reach_the_broker_did_not_connect(one: Depot) -> None:
    with pytest.raises(CommandFailed, match=r"did not connect within 1 s: .*127\.0\.0\.1:9 is the"):
        await enrolled(one, one.url, "mqtt://127.0.0.1:9", wait=1.0)


async def test_a_charger_on_a_broker_where_we_do_not_listen_is_connected_but_unheard(
    one: Depot, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    unheard = pytest.raises(CommandFailed, match="is connected, but no announcement arrived")
    with Mosquitto(tmp_path / "other") as other, unheard:
        await enrolled(one, one.url, other.url, wait=2.0)


async def test_a_charger_that_announces_another_topic_is_told_apart(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    async with pretending() as server:
        announcement = {
            "state": "connected", "id": "a1", "mqtt": "charger/else",
            "http": f"http://127.0.0.1:{server.port}/",
        }  # fmt: skip
        with Publisher(mosquitto.port) as charger:

            async def announce() -> None:
                await eventually(lambda: any(r[:4] == b"POST" for r in server.requests))
                charger.say("openevse/announce/old", json.dumps(announcement))

            announcing = asyncio.create_task(announce())
            with pytest.raises(CommandFailed, match="charger/else, not depot/seven"):
                await enrolled(alone, str(server.address), mosquitto.url, wait=2.0)
            await announcing


async def test_an_announced_address_that_is_another_one_is_warned_of(
    alone: Depot, mosquitto: Mosquitto
) -> None:
    """All else fits: perhaps the address is translated on the way."""
    announcement = {
        "state": "connected", "id": "a1", "mqtt": "depot/seven", "http": "http://10.0.0.7/",
    }  # fmt: skip
    async with pretending() as server:
        with Publisher(mosquitto.port) as charger:

            async def announce() -> None:
                await eventually(lambda: any(r[:4] == b"POST" for r in server.requests))
                charger.say("openevse/announce/old", json.dumps(announcement))

            announcing = asyncio.create_task(announce())
            out, err = await enrolled(alone, str(server.address), mosquitto.url)
            await announcing
    assert "charger       a1\n" in out
    assert "warning: the announced address is not 127.0.0.1\n" in err


async def test_a_retained_announcement_of_before_proves_nothing(
    one: Depot, mosquitto: Mosquitto
) -> None:
    """It fits in all; the charger cannot reach its new broker."""
    announcement = {"state": "connected", "id": "a1", "mqtt": "depot/seven", "http": one.url + "/"}
    with Publisher(mosquitto.port) as before:
        before.publish("openevse/announce/old", json.dumps(announcement), retain=True)
    with pytest.raises(CommandFailed, match="did not connect"):
        await enrolled(one, one.url, "mqtt://127.0.0.1:9", wait=1.0)


async def test_a_charger_that_had_all_settings_before_is_found_too(
    one: Depot, mosquitto: Mosquitto
) -> None:
    first, _ = await enrolled(one, one.url, mosquitto.url)
    second, _ = await enrolled(one, one.url, mosquitto.url, wait=1.0)
    assert second == first


async def test_a_broker_that_is_away_leaves_the_charger_as_it_is(alone: Depot) -> None:
    alone.broker = "mqtt://127.0.0.1:9"
    async with pretending() as server:
        with pytest.raises(CommandFailed, match=r"nothing listens .* The charger was not changed"):
            await enrolled(alone, str(server.address), "mqtt://10.0.0.1")
    assert [request[:4] for request in server.requests] == [b"GET "]


async def test_an_announce_topic_that_the_bridge_does_not_hear_is_warned_of(
    one: Depot, mosquitto: Mosquitto
) -> None:
    out, err = await enrolled(one, one.url, mosquitto.url, announce_topic="depot/announce/7")
    assert "warning: the bridge does not subscribe to depot/announce/7" in err
    assert "announced_on  depot/announce/7" in out


@pytest.mark.parametrize(
    ("broker", "topic", "message"),
    [
        ("http://10.0.0.1", None, "--broker: it does not start with mqtt"),
        (
            "mqtt://seven:hush-hush@10.0.0.1",
            None,
            "--broker: the URL contains a user name or a password",
        ),
        ("mqtt://10.0.0.1", "depot/#", "--topic: it holds a wildcard"),
        ("mqtt://10.0.0.1", "", "--topic: it is empty"),
        ("mqtt://10.0.0.1", "$SYS/x", r"--topic: it starts with \$"),
    ],
)
def test_what_no_charger_could_use_is_refused_at_once(
    broker: str, topic: str | None, message: str
) -> None:
    with pytest.raises(CommandFailed, match=message) as failed:
        parse_mqtt_config(broker, topic=topic, announce_topic=None, username="", verify=True)
    assert SECRET not in str(failed.value)
