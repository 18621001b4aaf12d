"""The web servers of the simulated chargers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from bridge.sim.options import SimOptions
from tests.kit.simulator import Mosquitto, free_port, listening, simulating, until

STATUS = """
mode wifi_client_connected eth_connected net_connected ipaddress mqtt_connected free_heap
largest_free_block min_free_heap comm_sent comm_success rapi_connected nofos_connected amp amp1
amp2 amp3 voltage pilot wh v1 v2 v3 temp1 state freeram srssi elapsed wattsec watthour gfcicount
nogndcount stuckcount charge_rate ota_update time offset crash_seq boot_count reset_reason
reset_reason_str
"""
CONFIG = """
firmware protocol espflash identifier version diodet gfcit groundt relayt ventt tempt service
scale offset amplimit mqtt_supported_protocols http_supported_protocols nofos_network_profiles
ssid pass www_username www_password hostname sntp_hostname time_zone mqtt_server mqtt_port
mqtt_topic mqtt_user mqtt_pass mqtt_vrms mqtt_announce_topic nofos_network_profile flags
mqtt_enabled mqtt_reject_unauthorized sntp_enabled pause_uses_disabled mqtt_protocol
"""
RIGHT = "Basic YW5uYTpzMzpjcmV0"
WRONG = "Basic YW5uYTp3cm9uZw=="


@dataclass(frozen=True)
class Browser:
    """Calls the first charger."""

    session: aiohttp.ClientSession
    url: str
    broker: Mosquitto

    def get(self, path: str, **more: object) -> "aiohttp.client._RequestContextManager":
        return self.session.get(self.url + path, **more)  # type: ignore[arg-type]  # passed on

    def configure(self, body: str) -> "aiohttp.client._RequestContextManager":
        return self.session.post(self.url + "/config", data=body)


@asynccontextmanager
async def browsing(folder: Path, **changes: object) -> AsyncIterator[Browser]:
    mosquitto = Mosquitto(folder)
    await mosquitto.start()
    port = free_port("127.1.0.1")
    options = SimOptions(broker=mosquitto.url, chargers=2, speed=20.0, http_port=port)
    try:
        async with (
            simulating(replace(options, **changes)),  # type: ignore[arg-type]  # as in SimOptions
            aiohttp.ClientSession() as session,
        ):
            yield Browser(session, f"http://127.1.0.1:{port}", mosquitto)
    finally:
        mosquitto.stop()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with browsing(tmp_path) as one:
        yield one


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Browser]:
    async with browsing(tmp_path, http_username="anna", http_password="s3:cret") as one:
        yield one


async def test_status_has_all_fields_of_the_guide(browser: Browser) -> None:
    async with browser.get("/status") as response:
        document = await response.json()
    assert [name for name in STATUS.split() if name not in document] == []


async def test_config_has_all_fields_of_the_guide(browser: Browser) -> None:
    async with browser.get("/config") as response:
        document = await response.json()
    assert [name for name in CONFIG.split() if name not in document] == []


async def test_each_charger_answers_at_its_own_address(browser: Browser) -> None:
    other = browser.url.replace("127.1.0.1", "127.1.0.2")
    async with browser.session.get(other + "/status") as response:
        assert (await response.json())["ipaddress"] == "127.1.0.2"


async def test_the_address_is_the_announced_one(browser: Browser) -> None:
    async with listening(browser.broker.port) as listener:
        await until(lambda: len(listener.announced("connected")) == 2)
        assert browser.url + "/" in [row["http"] for row in listener.announced("connected")]


async def test_a_response_allows_all_origins_and_closes(browser: Browser) -> None:
    async with browser.get("/status") as response:
        headers = response.headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Connection"] == "close"


async def test_an_unknown_path_is_not_found(browser: Browser) -> None:
    async with browser.get("/restart") as response:
        assert response.status == 404


async def test_a_query_is_answered(browser: Browser) -> None:
    async with browser.get("/r", params={"json": "1", "rapi": "$GA"}) as response:
        assert await response.json() == {"cmd": "$GA", "ret": "$OK 220 0^20"}


async def test_json_may_stand_without_a_value(browser: Browser) -> None:
    async with browser.get("/rapi?json&rapi=$GA") as response:
        assert (await response.json())["ret"] == "$OK 220 0^20"


async def test_a_command_is_not_obeyed(browser: Browser) -> None:
    async with browser.get("/r", params={"json": "1", "rapi": "$FD"}) as response:
        assert await response.json() == {"cmd": "$FD", "error": "RAPI_RESPONSE_TIMEOUT"}


async def test_what_is_no_json_cannot_be_parsed(browser: Browser) -> None:
    async with browser.configure("{mqtt_topic") as response:
        assert response.status == 400
        assert await response.text() == '{"msg":"Could not parse JSON"}'


async def test_a_new_topic_is_announced(browser: Browser) -> None:
    async with listening(browser.broker.port) as listener:
        async with browser.configure('{"mqtt_topic":"depot/seven"}') as response:
            assert await response.text() == '{"msg":"done"}'
        await until(
            lambda: "depot/seven" in [row["mqtt"] for row in listener.announced("connected")]
        )


async def test_a_topic_that_no_broker_takes_is_announced_but_silent(browser: Browser) -> None:
    async with listening(browser.broker.port) as listener:
        async with browser.configure('{"mqtt_topic":"depot/#"}') as response:
            assert response.status == 200
        await until(lambda: "depot/#" in [row["mqtt"] for row in listener.announced("connected")])
        assert [topic for topic, _, _ in listener.heard if topic.startswith("depot/")] == []


async def test_mqtt_can_be_switched_off_and_on(browser: Browser) -> None:
    async def online() -> int:
        async with browser.get("/status") as response:
            return int((await response.json())["mqtt_connected"])

    async with browser.configure('{"mqtt_enabled":false}'):
        pass
    assert await online() == 0
    async with listening(browser.broker.port, "openevse/announce/+") as listener:
        await until(lambda: len(listener.announced("connected")) == 2)
        async with browser.configure('{"mqtt_enabled":true}'):
            pass
        await until(lambda: len(listener.announced("connected")) == 3)
    assert await online() == 1


async def test_without_credentials_a_locked_charger_names_its_realm(locked: Browser) -> None:
    async with locked.get("/status") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic realm=nofos-")


async def test_a_wrong_password_is_a_plain_401(locked: Browser) -> None:
    async with locked.get("/status", headers={"Authorization": WRONG}) as response:
        assert response.status == 401


async def test_the_right_password_opens(locked: Browser) -> None:
    async with locked.get("/config", headers={"Authorization": RIGHT}) as response:
        document = await response.json()
    assert (document["www_username"], document["www_password"]) == ("anna", "_DUMMY_PASSWORD")


async def test_a_crash_is_in_the_crash_log(tmp_path: Path) -> None:
    async with browsing(tmp_path, chargers=14, scenario="bad-day", speed=60.0) as browser:
        crashing = browser.url.replace("127.1.0.1", "127.1.0.14") + "/crashlog?count=2"
        seen: list[int] = []
        async with asyncio.timeout(8):
            while len(seen) < 2:
                # Now and then it boots.
                with contextlib.suppress(aiohttp.ClientError):
                    async with browser.session.get(crashing) as response:
                        seen = [row["seq"] for row in (await response.json())["events"]]
    assert seen[0] == seen[1] + 1
