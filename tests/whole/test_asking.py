"""A whole bridge that asks chargers without HTTP over a real broker, faster than a real one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.app import from_settings
from bridge.core.discovery.subscriptions import WantedFilters
from bridge.core.model import Message
from bridge.core.rapi.query import Query
from bridge.core.rapi.schedule import QueryConfig
from bridge.sim.options import SimOptions
from bridge.sources.mqtt.broker import Broker
from bridge.sources.mqtt.client import ConnectionState
from bridge.sources.mqtt.publisher import PublishingMqttClient
from tests.kit.chargers import BASE
from tests.kit.lives import Line, journal_lines
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto
from tests.kit.simulator import simulating
from tests.kit.support import Heard, Publisher, Subscriber, eventually
from tests.sources.mqtt.test_hearing import until
from tests.tools.charger.test_query import played

ON = {"MQTT__QUERIES": "true"}
ENERGY, FAULTS, STATE = "$OK 36000 20127", "$OK 1f 0 2", "$OK 03 90 03 0140"
COLUMNS = {
    "gfci_trips", "no_ground_trips", "stuck_relay_trips", "session_energy", "session_elapsed",
}  # fmt: skip
ANSWERS = {"GU": ENERGY, "GF": FAULTS, "GS": STATE}
ANNOUNCE = "openevse/announce/5e7e"
ANNOUNCEMENT = json.dumps(
    {"state": "connected", "id": "one", "name": "one", "mqtt": BASE, "http": "http:///"}
)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries to one charger half a second apart."""
    monkeypatch.setattr(from_settings, "query_config", lambda settings: QueryConfig(every=0.5))


@contextlib.asynccontextmanager
async def asking(
    server: Mosquitto, folder: Path, *, queries: str = "true", **answers: str
) -> AsyncIterator[Bridge]:
    """A bridge, and one charger that speaks, and answers queries so; GS="…" answers $GS."""
    with Publisher(server.port) as peer, played(server.port, **answers):
        peer.publish(ANNOUNCE, ANNOUNCEMENT, retain=True)

        async def speak() -> None:
            while True:
                peer.say(f"{BASE}/amp1", "16")
                await asyncio.sleep(0.2)

        task = asyncio.create_task(speak())
        try:
            async with bridge(folder, server.url, MQTT__QUERIES=queries) as running:
                yield running
        finally:
            task.cancel()


async def counts(running: Bridge, outcome: str, least: int = 1) -> None:
    """Wait until so many queries ended so."""
    name = f'evse_bridge_queries_total{{outcome="{outcome}"}}'

    async def counted() -> bool:
        return (await running.metrics())[name] >= least

    await eventually(counted, 20, every=0.1)


def asked_for(data: Path) -> list[Line]:
    """The points of the journal that answers made."""
    return [line for line in journal_lines(data) if line.fields.get("polled") == "1i"]


def of_the_bridge(all_: Subscriber) -> list[Heard]:
    """What neither the charger said nor whoever plays it."""
    own = {ANNOUNCE, f"{BASE}/amp1", f"{BASE}/rapi/out"}
    return [heard for heard in all_.received if heard.topic not in own]


async def test_the_counters_of_simulated_chargers_without_http_arrive(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    options = SimOptions(broker=mosquitto.url, chargers=5, interval=1.0)
    async with simulating(options), bridge(tmp_path, mosquitto.url, **ON) as running:

        async def all_told() -> list[Any]:
            told = (await running.json("/api/v1/chargers"))["data"]
            whole = [one for one in told if one["values"].keys() >= COLUMNS]
            return whole if len(whole) == 5 else []

        chargers = await eventually(all_told, 30, every=0.1)
        metrics = await running.metrics()
    points = asked_for(tmp_path / "data")
    for column in COLUMNS:
        assert len({point.charger for point in points if column in point.fields}) == 5
    assert {charger["source"] for charger in chargers} == {"mqtt"}
    assert {charger["last_poll"] for charger in chargers} == {None}
    assert metrics['evse_bridge_queries_total{outcome="malformed"}'] == 0
    assert not any(name.startswith("evse_poll_success") for name in metrics)
    assert 'evse_bridge_polls_total{outcome="ok"}' not in metrics


async def test_chargers_whose_address_may_not_be_called_are_asked(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """The simulator announces addresses in 10.0.0.0/8 where it serves none."""
    far = {**ON, "HTTP__ENABLED": "true", "HTTP__ALLOW": "192.0.2.0/24", "HTTP__MIN_GAP": "1s",
           "HTTP__ENRICH_EVERY": "1s"}  # fmt: skip
    options = SimOptions(broker=mosquitto.url, chargers=2, interval=1.0)
    async with simulating(options), bridge(tmp_path, mosquitto.url, **far) as running:
        await counts(running, "answered", 3)
        metrics = await running.metrics()
    assert metrics['evse_bridge_addresses_refused_total{reason="not_allowed"}'] >= 1


async def test_a_chargers_answers_become_its_values(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with asking(mosquitto, tmp_path, **ANSWERS) as running:
        await counts(running, "answered", 3)
        await until(running, 'evse_gfci_trips_total{charger="one"}', 31)
        await until(running, 'evse_stuck_relay_trips_total{charger="one"}', 2)
        values = (await running.json("/api/v1/chargers/one"))["values"]
        metrics = await running.metrics()
    assert values["session_energy"]["value"] == 10
    assert values["session_energy"]["source"] == "mqtt"
    assert values["energy"]["value"] == 20127
    assert values["session_elapsed"]["value"] == 90
    assert values["gfci_trips"]["value"] == 31
    assert metrics['evse_energy_joules_total{charger="one"}'] == 20127 * 3600
    trips = {"gfci_trips": "31i", "no_ground_trips": "0i", "stuck_relay_trips": "2i"}
    assert {**trips, "polled": "1i"} in [dict(p.fields) for p in asked_for(tmp_path / "data")]


async def test_all_that_is_published_are_three_queries_of_a_closed_list(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Subscriber(mosquitto.port) as all_:
        async with asking(mosquitto, tmp_path, **ANSWERS) as running:
            await counts(running, "answered", 4)
        said = of_the_bridge(all_)
    asked = [f"{BASE}/rapi/in/$GU", f"{BASE}/rapi/in/$GF", f"{BASE}/rapi/in/$GS"]
    assert said[:3] == [Heard(topic, "", retained=False) for topic in asked]
    assert {heard.topic for heard in said} == set(asked)
    assert {heard.payload for heard in said} == {""}


async def test_nothing_of_it_is_kept_by_the_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with asking(mosquitto, tmp_path, **ANSWERS) as running:
        await counts(running, "answered", 3)
    with Subscriber(mosquitto.port) as later:
        await eventually(lambda: later.received)
    assert [heard.topic for heard in later.received] == [ANNOUNCE]


async def test_with_queries_off_nothing_is_published(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The charger speaks for as long as half a dozen queries would take."""
    with Subscriber(mosquitto.port) as all_:
        async with asking(mosquitto, tmp_path, queries="false", **ANSWERS) as running:

            async def spoke() -> bool:
                return (await running.metrics())["evse_bridge_readings_received_total"] >= 15

            await eventually(spoke, 20)
            metrics = await running.metrics()
        assert of_the_bridge(all_) == []
    assert not any(name.startswith("evse_bridge_queries") for name in metrics)


async def test_our_own_query_and_its_answer_count_as_commands(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with asking(mosquitto, tmp_path, **ANSWERS) as running:
        await counts(running, "answered", 2)
        metrics = await running.metrics()
    answered = metrics['evse_bridge_queries_total{outcome="answered"}']
    commands = metrics['evse_bridge_readings_discarded_total{reason="command"}']
    # One more query may be on its way at the scrape.
    assert 0 <= commands - 2 * answered <= 1


async def test_an_answer_while_another_client_asks_is_not_believed(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Each time the bridge asks, another asks for what has the same form, and is answered."""
    with (
        Publisher(mosquitto.port) as other,
        Subscriber(mosquitto.port, f"{BASE}/rapi/in/#") as hears,
    ):

        async def meddle() -> None:
            seen = 0
            while True:
                ours = sum(not heard.topic.endswith("$GA") for heard in hears.received)
                if ours > seen:
                    other.say(f"{BASE}/rapi/in/$GA", "")
                    other.say(f"{BASE}/rapi/out", "$OK 220 0")
                seen = ours
                await asyncio.sleep(0.005)

        meddling = asyncio.create_task(meddle())
        async with asking(mosquitto, tmp_path) as running:
            await counts(running, "ambiguous", 2)
            metrics = await running.metrics()
        meddling.cancel()
    assert metrics['evse_bridge_queries_total{outcome="answered"}'] == 0
    assert asked_for(tmp_path / "data") == []


async def test_a_charger_that_knows_no_query_is_counted_as_refusing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with asking(mosquitto, tmp_path, GU="$NK^21", GF="$NK^21", GS="$NK^21") as running:
        await counts(running, "refused", 3)
    assert asked_for(tmp_path / "data") == []


async def test_a_charger_without_a_controller_times_out(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with asking(mosquitto, tmp_path) as running:
        await counts(running, "timeout")
        metrics = await running.metrics()
    assert {
        name.split('"')[1]: count
        for name, count in metrics.items()
        if name.startswith("evse_bridge_queries_total")
    } == {"answered": 0, "timeout": 1, "ambiguous": 0, "refused": 0, "malformed": 0}


async def test_a_broker_that_lets_us_not_ask_is_said_so(tmp_path: Path) -> None:
    rules = f"topic read #\ntopic write {ANNOUNCE}\ntopic write {BASE}/amp1\n"
    with Mosquitto(tmp_path, acl=rules) as server, capture_logs() as log:
        async with asking(server, tmp_path, **ANSWERS) as running:
            await counts(running, "timeout", 3)
    (said,) = (row for row in log if row["event"] == "query.not_passed_on")
    assert said["charger"] == "one"
    assert "read and write <base>/rapi/in/#" in said["why"]


async def test_a_base_that_is_none_is_never_published_to(mosquitto: Mosquitto) -> None:
    heard: list[Message] = []
    broker = Broker("127.0.0.1", mosquitto.port, client_id="asks")
    hearing = ConnectionState()
    mqtt = PublishingMqttClient(
        broker, announce_topics=("openevse/announce/+",), wanted=WantedFilters(),
        announcements_expected=lambda: False, state=hearing,
    )  # fmt: skip
    assert not mqtt.publish_query(BASE, Query.STATE), "not connected"
    with Subscriber(mosquitto.port) as all_:
        running = asyncio.create_task(mqtt.run(heard.extend))
        await eventually(lambda: hearing.subscribed)
        for base in ("a/#", "+", "", "$SYS/broker", "a" * 300, "a\0b", f"{BASE}/rapi/in/$FD"):
            assert not mqtt.publish_query(base, Query.STATE)
        assert mqtt.publish_query(BASE, Query.STATE)
        await eventually(lambda: all_.received)
        assert all_.received == [Heard(f"{BASE}/rapi/in/$GS", "")]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
