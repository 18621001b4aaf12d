"""`query` against simulated chargers' web servers, and over a real broker."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from bridge.core.errors import CommandFailed
from bridge.core.polling.login import ChargerLogin
from bridge.core.rapi.match import PATIENCE_SECONDS
from bridge.core.rapi.query import Query
from bridge.tools.charger.client import ChargerClient
from bridge.tools.charger.target import target_from_url
from tests.kit.chargers import BASE, Depot, depot
from tests.kit.polling import http, strange
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Heard, Publisher, Subscriber, eventually

NEAR = {"HTTP__ALLOW": "127.0.0.0/8"}
FAR = {"HTTP__ALLOW": "192.168.0.0/16", "MQTT__QUERIES": "true"}
STATE_LINE = "$OK 03 90 03 0140"


@pytest.fixture
async def one(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Depot]:
    async with depot(tmp_path, mosquitto.url) as depot_:
        yield depot_


@pytest.fixture
def alone(tmp_path: Path, mosquitto: Mosquitto) -> Depot:
    """A broker, and no charger on it but what the test plays."""
    return Depot("", mosquitto.url, tmp_path / "data")


@contextlib.contextmanager
def played(port: int, **answers: str) -> Iterator[Subscriber]:
    """A charger that answers queries at once with these lines; GS="…" answers $GS."""
    with Publisher(port) as speaks, Subscriber(port, f"{BASE}/rapi/in/#") as hears:
        client = hears._client
        before = client.on_message

        def on_message(*message: object) -> None:
            assert before is not None
            before(*message)  # type: ignore[arg-type]  # passed on
            line = answers.get(hears.received[-1].topic.rpartition("$")[2])
            if line is not None:
                speaks.say(f"{BASE}/rapi/out", line)

        client.on_message = on_message
        yield hears


async def test_every_query_is_answered_in_named_values_over_http(one: Depot) -> None:
    for query in Query:
        out, err = await one.ask(one.url, query.value)
        assert "$OK" not in out
        assert err.startswith("$OK ")


async def test_values_stand_in_columns(one: Depot) -> None:
    out, _ = await one.ask(one.url, "$GA")
    assert out == "current_scale   220\ncurrent_offset  0\n"


async def test_a_charger_is_asked_by_its_id(one: Depot) -> None:
    port = one.url.rpartition(":")[2]
    await one.knows("a1b2", http=one.url + "/", base=BASE)
    out, _ = await one.ask("a1b2", "$GA", HTTP__PORTS=port, **NEAR)
    assert out.startswith("current_scale ")


async def test_a_charger_is_asked_while_the_bridge_runs(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    async with depot(tmp_path, mosquitto.url) as one:
        port = one.url.rpartition(":")[2]
        async with bridge(tmp_path, mosquitto.url) as running:

            async def found() -> str:
                chargers = (await running.json("/api/v1/chargers"))["data"]
                return str(chargers[0]["id"]) if chargers else ""

            charger = await eventually(found)

            async def asked() -> str:
                with contextlib.suppress(CommandFailed):
                    return (await one.ask(charger, "$GV", HTTP__PORTS=port, **NEAR))[0]
                return ""

            # The state file is written once a second.
            assert await eventually(asked) == "firmware  7.1.3\nprotocol  5.1.0\n"


async def test_an_unknown_charger_is_said_so_with_the_nearest_one(alone: Depot) -> None:
    await alone.knows("a1b2c3d4e5f6", base=BASE)
    with pytest.raises(CommandFailed, match="did you mean a1b2c3d4e5f6"):
        await alone.ask("a1b2c3d4e5f7", "$GS")


async def test_a_data_folder_that_is_not_there_is_said_so_and_not_made(alone: Depot) -> None:
    with pytest.raises(CommandFailed, match="NOFOS_JOURNAL__DIR"):
        await alone.ask("a1b2", "$GS")
    assert not alone.folder.exists()


@pytest.mark.parametrize("text", ["$FD", "$SC 13", "$GS&rapi=$FD", "", "$GS\r$FD"])
async def test_what_is_no_query_is_not_sent(text: str, alone: Depot) -> None:
    async with strange(http("{}")) as server:
        with pytest.raises(CommandFailed, match=r"unknown query"):
            await alone.ask(str(server.address), text)
        assert server.requests == []


async def test_only_the_query_travels(alone: Depot) -> None:
    async with strange(http('{"cmd":"$GS","ret":"$OK 03 90 03 0140"}')) as server:
        await alone.ask(str(server.address), "gs")
    assert server.requests[0].decode().split(" HTTP")[0] == "GET /r?json=1&rapi=$GS"


async def test_an_answer_of_an_unknown_form_is_shown_as_it_came(alone: Depot) -> None:
    async with strange(http('{"cmd":"$GS","ret":"$OK 03 90 03 0140 77"}')) as server:
        out, err = await alone.ask(str(server.address), "$GS")
    assert out == "$OK 03 90 03 0140 77\n"
    assert "unknown format" in err


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http('{"cmd":"$GD","ret":"$NK^21"}'), r"does not answer \$GS \(it replied \$NK\)"),
        (http('{"error":"RAPI_RESPONSE_TIMEOUT"}'), "its controller does not: RAPI_RESPONSE_TIME"),
        (http('{"error":"RAPI_RESPONSE_TIMEOUT"}', "504 Late"), "its controller does not: RAPI_"),
        (http('{"error":"\\u001b[2J"}'), r"its controller does not: \\x1b\[2J"),
        (http('{"ret":"$OK 03 90 03 0140^00"}'), "invalid or damaged reply"),
        (http('{"ret":7}'), "invalid or damaged reply"),
        (http("[]"), "JSON that is no object"),
        (http("<html>"), "that is not JSON"),
        (http("", "401 Unauthorized"), r"requires a login \(401\): set http.username"),
        (http("", "404 Not Found"), "has no such page"),
        (http("", "302 Found", "Location: http://127.0.0.1:1/"), "not followed"),
        (http("", "500 Trouble"), "HTTP status 500"),
        (b"", "is unreachable"),
    ],
)
async def test_trouble_with_the_answer_is_a_sentence(alone: Depot, answer: bytes, why: str) -> None:
    async with strange(answer) as server:
        with pytest.raises(CommandFailed, match=why):
            await alone.ask(str(server.address), "$GS")


async def test_a_charger_that_is_away_is_said_so(alone: Depot) -> None:
    with pytest.raises(CommandFailed, match="is unreachable"):
        await alone.ask("http://127.0.0.1:9", "$GS")


async def test_an_address_with_a_login_is_refused_without_repeating_it(alone: Depot) -> None:
    with pytest.raises(CommandFailed) as failed:
        await alone.ask("http://anna:hush@127.0.0.1", "$GS")
    assert "hush" not in str(failed.value)


async def test_a_login_travels_to_a_network_that_was_named(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "s3:cret"}
    async with depot(tmp_path, mosquitto.url, login=("anna", "s3:cret")) as one:
        out, _ = await one.ask(one.url, "$GA", **login, **NEAR)
    assert out.startswith("current_scale")


async def test_a_login_does_not_travel_where_no_network_was_named(alone: Depot) -> None:
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "s3:cret"}
    async with strange(http("", "401 Unauthorized")) as server:
        with pytest.raises(CommandFailed, match=r"which was not sent: http\.allow"):
            await alone.ask(str(server.address), "$GS", **login)
        assert b"Authorization" not in server.requests[0]


def test_a_login_does_not_travel_to_the_networks_of_the_default(alone: Depot) -> None:
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "s3:cret"}
    ip = ip_address("10.0.0.7")
    default, named = alone.settings(**login), alone.settings(**login, HTTP__ALLOW="10.0.0.0/8")
    assert ChargerClient(default, target_from_url("http://10.0.0.7")).login(ip) is None
    assert ChargerClient(named, target_from_url("http://10.0.0.7")).login(ip) == ChargerLogin(
        "anna", "s3:cret"
    )


async def test_who_is_asked_by_address_is_in_no_credentials_file(alone: Depot) -> None:
    async with strange(http("", "401 Unauthorized")) as server:
        await alone.knows("a1", http=f"http://127.0.0.1:{server.port}/", base=BASE)
        near = {**NEAR, "HTTP__PORTS": str(server.port)}
        for charger, file in (("a1", True), (str(server.address), False)):
            with pytest.raises(CommandFailed, match="requires a login") as failed:
                await alone.ask(charger, "$GS", **near)
            assert ("http.credentials_file" in str(failed.value)) is file


async def test_a_wrong_login_is_told_apart(alone: Depot) -> None:
    login = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "s3:cret"}
    async with strange(http("", "401 Unauthorized")) as server:
        with pytest.raises(CommandFailed, match=r"refused the login \(401\)") as failed:
            await alone.ask(str(server.address), "$GS", **login, **NEAR)
    assert "s3:cret" not in str(failed.value)


async def test_an_announced_address_that_is_not_allowed_is_not_called(alone: Depot) -> None:
    async with strange(http("{}")) as server:
        await alone.knows("a1", http=f"http://127.0.0.1:{server.port}/", base=BASE)
        with pytest.raises(CommandFailed, match="on the bridge's own machine, and not named"):
            await alone.ask("a1", "$GS", HTTP__PORTS=str(server.port))
        assert server.requests == []


async def test_over_mqtt_nothing_is_asked_unless_it_is_switched_on(alone: Depot) -> None:
    await alone.knows("a1", http="http:///", base=BASE)
    with (
        Subscriber(int(alone.broker.rpartition(":")[2])) as hears,
        pytest.raises(CommandFailed, match="NOFOS_MQTT__QUERIES=true"),
    ):
        await alone.ask("a1", "$GS")
    assert hears.received == []


@pytest.mark.parametrize("query", [Query.STATE, Query.TIMER])
async def test_a_simulated_charger_without_http_answers_over_mqtt(
    tmp_path: Path, mosquitto: Mosquitto, query: Query
) -> None:
    with Subscriber(mosquitto.port, "openevse/announce/+") as hears:
        async with depot(tmp_path, mosquitto.url) as one:
            await eventually(lambda: hears.received)
            base = hears.received[0].payload.split('"mqtt":"')[1].split('"')[0]
            await one.knows("a1", http="http:///", base=base)
            out, err = await one.ask("a1", query.value, **FAR)
    assert "$OK" not in out
    assert "names no host; sending the query over MQTT" in err


async def test_a_charger_whose_http_is_away_is_asked_over_mqtt(alone: Depot) -> None:
    await alone.knows("a1", http="http://127.0.0.1:9/", base=BASE)
    near = {**NEAR, "HTTP__PORTS": "9", "MQTT__QUERIES": "true"}
    with played(int(alone.broker.rpartition(":")[2]), GS=STATE_LINE):
        out, err = await alone.ask("a1", "$GS", **near)
    assert out.startswith("state        3 ")
    assert "is unreachable" in err


async def test_a_charger_is_not_asked_over_http_where_that_is_switched_off(alone: Depot) -> None:
    async with strange(http("{}")) as server:
        await alone.knows("a1", http=f"http://127.0.0.1:{server.port}/", base=BASE)
        near = {**NEAR, "HTTP__PORTS": str(server.port), "HTTP__ENABLED": "false"}
        with pytest.raises(CommandFailed, match=r"http\.enabled is off"):
            await alone.ask("a1", "$GS", **near)
        assert server.requests == []


async def test_over_mqtt_only_the_query_is_published(alone: Depot) -> None:
    await alone.knows("a1", http="http:///", base=BASE)
    port = int(alone.broker.rpartition(":")[2])
    with played(port, GS=STATE_LINE), Subscriber(port) as all_:
        await alone.ask("a1", "$GS", **FAR)
    assert [heard for heard in all_.received if "/rapi/out" not in heard.topic] == [
        Heard(f"{BASE}/rapi/in/$GS", "")
    ]


async def test_a_base_in_which_a_command_hides_is_not_asked(alone: Depot) -> None:
    await alone.knows("a1", http="http:///", base=f"{BASE}/rapi/in/$FD")
    with Subscriber(int(alone.broker.rpartition(":")[2])) as all_:
        with pytest.raises(CommandFailed, match="the base topic holds a"):
            await alone.ask("a1", "$GS", **FAR)
        assert all_.received == []


async def test_a_running_bridge_with_the_same_client_id_is_not_cut_off(alone: Depot) -> None:
    await alone.knows("a1", http="http:///", base=BASE)
    port = int(alone.broker.rpartition(":")[2])
    with played(port, GS=STATE_LINE), Subscriber(port, client_id="depot-bridge") as other:
        await alone.ask("a1", "$GS", MQTT__CLIENT_ID="depot-bridge", **FAR)
        assert not other.lost.is_set()


async def test_a_retained_command_is_not_waited_for(alone: Depot) -> None:
    """Nobody asks just now."""
    await alone.knows("a1", http="http:///", base=BASE)
    port = int(alone.broker.rpartition(":")[2])
    with Publisher(port) as other:
        other.publish(f"{BASE}/rapi/in/$SC", "13", retain=True)
    with played(port, GS=STATE_LINE):
        began = time.monotonic()
        await alone.ask("a1", "$GS", **FAR)
        assert time.monotonic() - began < PATIENCE_SECONDS


async def test_an_answer_to_somebody_else_is_passed_over(alone: Depot) -> None:
    """Another asks for the faults all the time."""
    await alone.knows("a1", http="http:///", base=BASE)
    port = int(alone.broker.rpartition(":")[2])
    with played(port, GS=STATE_LINE, GF="$OK 1 2 3"), Publisher(port) as other:

        async def pester() -> None:
            while True:
                other.say(f"{BASE}/rapi/in/$GF", "")
                await asyncio.sleep(0.05)

        pestering = asyncio.create_task(pester())
        out, _ = await alone.ask("a1", "$GS", **FAR)
        pestering.cancel()
    assert out.startswith("state        3 ")


async def test_an_answer_that_could_be_somebody_elses_is_asked_for_again(alone: Depot) -> None:
    """At the first time another asks for what has the same form; it alone is answered."""
    await alone.knows("a1", http="http:///", base=BASE)
    port = int(alone.broker.rpartition(":")[2])
    with Publisher(port) as other, Subscriber(port, f"{BASE}/rapi/in/#") as hears:

        async def answer() -> None:
            await eventually(lambda: len(hears.received) == 1)
            other.say(f"{BASE}/rapi/in/$GA", "")
            other.say(f"{BASE}/rapi/out", "$OK 220 0")
            await eventually(lambda: len(hears.received) == 3)
            other.say(f"{BASE}/rapi/out", "$OK 36000 20127")

        answering = asyncio.create_task(answer())
        out, _ = await alone.ask("a1", "$GU", **FAR)
        await answering
    assert out == "session_energy  36000  Ws\ntotal_energy    20127  Wh\n"


async def test_a_charger_that_does_not_answer_over_mqtt_is_said_so(alone: Depot) -> None:
    await alone.knows("a1", base=BASE)
    with pytest.raises(CommandFailed, match=f"did not reply on {BASE}/rapi/out within 3 s"):
        await alone.ask("a1", "$GS", **FAR)


async def test_a_refusal_over_mqtt_is_said_so(alone: Depot) -> None:
    await alone.knows("a1", base=BASE)
    with (
        played(int(alone.broker.rpartition(":")[2]), GD="$NK^21"),
        pytest.raises(CommandFailed, match=r"does not answer \$GD"),
    ):
        await alone.ask("a1", "$GD", **FAR)


async def test_a_broker_that_lets_us_not_ask_is_said_so(tmp_path: Path) -> None:
    rules = f"topic read {BASE}/#\n"
    with Mosquitto(tmp_path, acl=rules) as mosquitto:
        one = Depot("", mosquitto.url, tmp_path / "data")
        await one.knows("a1", base=BASE)
        with pytest.raises(CommandFailed, match="did not deliver the query"):
            await one.ask("a1", "$GS", **FAR)


async def test_a_broker_that_is_away_is_said_so(alone: Depot) -> None:
    await alone.knows("a1", base=BASE)
    gone = replace(alone, broker="mqtt://127.0.0.1:9")
    with pytest.raises(CommandFailed, match="nothing listens at the broker's address"):
        await gone.ask("a1", "$GS", **FAR)
