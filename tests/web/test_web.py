"""Page, API, probes and scrapes of a whole bridge, as a user and Prometheus see them."""

import base64
import json
import re
from pathlib import Path

import trustme

from bridge.web.login import hash_password
from tests.kit.influx_standin import InfluxStandin
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto, Prometheus, promtool_check_metrics
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document, events_are, follows, until

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


async def listening(peer: Publisher, running: Bridge, *chargers: str) -> None:
    """These chargers are known and have told a document each."""
    for charger in chargers:
        announce(peer, charger, f"charger/{charger}")
    await follows(running, *chargers)
    for charger in chargers:
        document(peer, f"charger/{charger}", temp1="253", temp4="310", charge_rate="16")
    await running.settled(12 * len(chargers))


async def test_promtool_finds_nothing_to_complain_of_in_either_format(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with InfluxStandin() as store:
        with Publisher(mosquitto.port) as peer:
            settings = {"INFLUX__URL": store.url, "INFLUX__BUCKET": "b", "WEB__STATE_SET": "true"}
            async with bridge(tmp_path, mosquitto.url, **settings) as running:
                await listening(peer, running, "one", "two")
                _, text = await running.get("/metrics")
                _, openmetrics = await running.get("/metrics", Accept=OPENMETRICS)
    assert promtool_check_metrics(text) == (0, "")
    assert openmetrics.endswith("# EOF\n")


async def test_prometheus_scrapes_the_bridge(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            await listening(peer, running, "one")
            with Prometheus(tmp_path, targets=[f"127.0.0.1:{running.port}"]) as prometheus:
                await eventually(lambda: prometheus.query("evse_energy_joules_total"), 20)
                found = prometheus.query("evse_current_amperes")[0]
                assert (found.labels["charger"], found.labels["phase"]) == ("one", "1")
                assert found.value == 16
                info = prometheus.query("evse_info")[0]
                assert info.labels["name"] == "nofos-one"
                assert prometheus.query("up")[0].value == 1


async def test_groups_of_metrics_can_be_asked_for(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            await listening(peer, running, "one")
            live = (await running.get("/metrics?collect[]=live"))[1]
            own = (await running.get("/metrics?collect[]=bridge"))[1]
            both = (await running.get("/metrics?collect[]=live&collect[]=bridge"))[1]
            wrong = await running.get("/metrics?collect[]=everything")
    assert "evse_up{" in live
    assert "evse_bridge_" not in live
    assert "evse_up{" not in own
    assert "python_info" in own
    assert "process_cpu_seconds_total" in own
    assert "evse_up{" in both
    assert "evse_bridge_build_info" in both
    assert wrong == (400, "collect[] must be live, device or bridge\n")


async def test_a_scrape_is_compressed_when_asked_for(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with bridge(tmp_path, mosquitto.url) as running:
        url = f"http://127.0.0.1:{running.port}/metrics"
        async with running.session.get(url, headers={"Accept-Encoding": "gzip"}) as reply:
            assert reply.headers["Content-Encoding"] == "gzip"
            assert "evse_bridge_build_info" in await reply.text()
            assert reply.headers["Vary"] == "Accept, Accept-Encoding"
        async with running.session.get(url, headers={"Accept-Encoding": "gzip;q=0"}) as reply:
            assert "Content-Encoding" not in reply.headers
            assert reply.headers["Vary"] == "Accept, Accept-Encoding"
        async with running.session.get(url, headers={"Accept-Encoding": "identity"}) as reply:
            assert "Content-Encoding" not in reply.headers
            assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_charger_in_the_api(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            await listening(peer, running, "one")
            found = await running.json("/api/v1/chargers/one")
            missing = await running.get("/api/v1/chargers/nobody")
    assert list(found) == [
        "id", "name", "alias", "site", "up", "announced", "source", "state", "state_code",
        "dialect", "last_message", "last_poll", "untrusted",
        "polled_behind", "firmware", "version", "values",
    ]  # fmt: skip
    assert (found["id"], found["name"], found["up"], found["source"]) == (
        "one", "nofos-one", True, "mqtt",
    )  # fmt: skip
    assert (found["state"], found["state_code"], found["dialect"]) == ("charging", 3, "nofos")
    assert RFC3339.fullmatch(found["last_message"])
    current = found["values"]["current_1"]
    assert (current["value"], current["source"]) == (16.0, "mqtt")
    assert RFC3339.fullmatch(current["time"])
    assert found["values"]["temp1"]["value"] == 25.3
    # Columns that the bridge computes are values too.
    power = found["values"]["power"]
    assert (power["value"], power["source"]) == (3680.0, "mqtt")
    assert RFC3339.fullmatch(power["time"])
    assert found["values"]["energy_total"] == found["values"]["energy"]
    assert missing == (404, '{"error": "no such charger"}')


async def test_chargers_come_in_pages(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            await listening(peer, running, "c", "a", "b")
            first = await running.json("/api/v1/chargers?limit=2")
            second = await running.json(f"/api/v1/chargers?limit=2&cursor={first['next']}")
            one = await running.json("/api/v1/chargers?charger=b")
            recent = await running.json("/api/v1/chargers?since=1h")
            future = await running.json("/api/v1/chargers?since=2999-01-01T00:00:00Z")
    assert [c["id"] for c in first["data"]] == ["a", "b"]
    assert [c["id"] for c in second["data"]] == ["c"]
    assert second["next"] is None
    assert [c["id"] for c in one["data"]] == ["b"]
    assert len(recent["data"]) == 3
    assert future["data"] == []


async def test_events_and_sessions_in_the_api(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            await listening(peer, running, "one")
            for state in ("6", "3", "1"):
                peer.say("charger/one/state", state)
            peer.say("charger/one/wh", "1050")
            await events_are(running, "state", "fault", "state", "fault_cleared", "state")
            events = await running.json("/api/v1/events?limit=2&charger=one")
            older = await running.json(f"/api/v1/events?limit=9&cursor={events['next']}")
            # The next car: the session waits for no later total.
            peer.say("charger/one/state", "2")

            async def ended() -> bool:
                return bool((await running.json("/api/v1/sessions"))["data"])

            await eventually(ended)
            session = (await running.json("/api/v1/sessions?charger=one"))["data"][0]
    assert [e["kind"] for e in events["data"]] == ["state", "fault_cleared"]
    assert [e["kind"] for e in older["data"]] == ["state", "fault", "state"]
    assert events["data"][1] | {"time": ""} == {
        "time": "", "charger": "one", "kind": "fault_cleared", "code": 6, "text": "gfci_fault",
    }  # fmt: skip
    assert list(session) == [
        "charger", "start", "end", "charging_s", "plugged_s", "energy_wh", "peak_a", "peak_w",
        "doubtful",
    ]  # fmt: skip
    assert (session["energy_wh"], session["peak_a"]) == (50.0, 16.0)
    assert RFC3339.fullmatch(session["end"])


async def test_wrong_questions_get_clear_answers(mosquitto: Mosquitto, tmp_path: Path) -> None:
    questions = {
        "/api/v1/events?limit=0": "limit must be an integer from 1 to 1000",
        "/api/v1/events?limit=1001": "limit must be an integer from 1 to 1000",
        "/api/v1/chargers?limit=x": "limit must be an integer from 1 to 1000",
        "/api/v1/sessions?since=yesterday":
            "since must be a time (2026-03-10T12:00:00Z) or an age (24h)",
        "/api/v1/chargers?since=" + "9" * 400 + "d":
            "since must be a time (2026-03-10T12:00:00Z) or an age (24h)",
        "/api/v1/events?since=99999999999999999999":
            "since must be a time (2026-03-10T12:00:00Z) or an age (24h)",
        "/api/v1/events?cursor=-1":
            "cursor must be an integer from 0 to 4611686018427387904",
    }  # fmt: skip
    async with bridge(tmp_path, mosquitto.url) as running:
        for question, answer in questions.items():
            status, body = await running.get(question)
            assert (status, json.loads(body)) == (400, {"error": answer})
        assert await running.get("/api/v1/nothing") == (404, '{"error": "not found"}')


async def test_the_page_shows_chargers_and_escapes_what_strangers_say(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            announce(peer, "evil", "charger/evil", name="<script>alert(1)</script>")
            await listening(peer, running, "one")
            _, page = await running.get("/")
            _, found = await running.get("/?q=NOFOS-ONE")
            _, searched = await running.get("/?q=%22%3E%3Cscript%3E")
    assert "nofos-one" in page
    assert "charging" in page
    assert "25.3" in page
    assert "<script" not in page + searched
    assert "&lt;script&gt;" in page
    assert "evil" not in found


async def test_an_empty_fleet_says_what_to_expect(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with bridge(tmp_path, mosquitto.url) as running:
        assert "Chargers appear when they announce themselves." in (await running.get("/"))[1]


async def test_a_login_guards_all_but_the_probes(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = {"WEB__USERNAME": "ops", "WEB__PASSWORD_HASH": hash_password("pa:ss")}

    def basic(user: str, password: str) -> str:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    async with bridge(tmp_path, mosquitto.url, **settings) as running:
        for path in ("/", "/metrics", "/api/v1/chargers", "/nothing"):
            assert (await running.get(path))[0] == 401
            assert (await running.get(path, Authorization=basic("ops", "wrong")))[0] == 401
            assert (await running.get(path, Authorization=basic("", "pa:ss")))[0] == 401
            assert (await running.get(path, Authorization="Basic !"))[0] == 401
        assert (await running.get("/metrics", Authorization=basic("ops", "pa:ss")))[0] == 200
        assert (await running.get("/metrics", Authorization=basic("ops", "pa:ss")))[0] == 200
        assert (await running.get("/livez"))[0] == 200
        await eventually(lambda: running.get("/readyz"))


async def test_the_page_speaks_https_where_a_certificate_is_set(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    async with bridge(
        tmp_path, mosquitto.url, WEB__CERT_FILE=str(cert), WEB__KEY_FILE=str(key)
    ) as running:
        url = f"https://127.0.0.1:{running.port}/livez"
        async with running.session.get(url, ssl=False) as reply:
            assert await reply.text() == "ok\n"


async def test_readiness_rests_on_what_was_heard(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with bridge(tmp_path, mosquitto.url, MQTT__KEEPALIVE="1s") as running:
        await running.hears()
        mosquitto.pause()

        async def deaf() -> bool:
            return (await running.get("/readyz"))[0] == 503

        await eventually(deaf, 20)
        assert (await running.get("/livez"))[0] == 200
        mosquitto.resume()
        await running.hears()


async def test_no_charger_and_no_store_is_ready(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with bridge(
        tmp_path, mosquitto.url, INFLUX__URL="http://127.0.0.1:9", INFLUX__BUCKET="b"
    ) as running:
        await running.hears()
        await until(running, 'evse_bridge_store_up{store="main"}', 0)
        assert (await running.get("/readyz"))[0] == 200
