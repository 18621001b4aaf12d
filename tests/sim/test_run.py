"""The simulated fleet on a real broker."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

import bridge.sim
from bridge.sim.options import SimError, SimOptions
from bridge.sim.run import SCENARIOS, simulate
from tests.kit.servers import Mosquitto as LockedMosquitto
from tests.kit.simulator import (
    Mosquitto,
    free_port,
    ledger_messages,
    ledger_truths,
    listening,
    simulating,
    until,
)

NOFOS_ORDER = "amp amp1 amp2 amp3 voltage v1 v2 v3 pilot wh state freeram srssi temp1"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    await mosquitto.start()
    yield mosquitto
    mosquitto.stop()


def calm(broker: Mosquitto, **changes: object) -> SimOptions:
    options = SimOptions(broker=broker.url, chargers=3, interval=10.0, speed=20.0)
    return replace(options, **changes)  # type: ignore[arg-type]  # names as in SimOptions


async def test_an_announcement_has_its_members_in_order(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener, simulating(calm(broker, chargers=1)):
        await until(lambda: len(listener.announced("connected")) == 1)
        assert list(listener.announced("connected")[0]) == ["state", "id", "name", "mqtt", "http"]


async def test_an_announcement_is_retained(broker: Mosquitto) -> None:
    async with simulating(calm(broker)), listening(broker.port, "openevse/announce/+") as listener:
        await until(lambda: len(listener.heard) >= 3)
        assert [retained for _, _, retained in listener.heard[:3]] == [True, True, True]


async def test_a_document_is_published_member_by_member_in_order(broker: Mosquitto) -> None:
    async with listening(broker.port, "charger/#") as listener:
        async with simulating(calm(broker, chargers=1)):
            await until(lambda: len(listener.heard) >= 14)
        names = [topic.rpartition("/")[2] for topic, _, _ in listener.heard]
        assert names[names.index("amp") :][:14] == NOFOS_ORDER.split()


async def test_telemetry_is_not_retained(broker: Mosquitto) -> None:
    async with listening(broker.port, "charger/#") as listener, simulating(calm(broker)):
        await until(lambda: len(listener.heard) >= 14)
    async with listening(broker.port) as later:
        await until(lambda: len(later.heard) == 3)
        assert all(topic.startswith("openevse/announce/") for topic, _, _ in later.heard)


async def test_the_ledger_is_what_a_subscriber_heard(broker: Mosquitto, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    async with listening(broker.port) as listener:
        async with simulating(calm(broker, chargers=8, ledger=ledger)):
            await until(lambda: len(listener.heard) >= 300)
        written = [(topic, payload) for topic, payload, _ in ledger_messages(ledger)]
        await until(lambda: len(listener.heard) >= len(written))
        assert sorted(written) == sorted((topic, text) for topic, text, _ in listener.heard)


async def test_a_calm_end_keeps_the_last_will_back(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener:
        async with simulating(calm(broker)):
            await until(lambda: len(listener.announced("connected")) == 3)
        async with listening(broker.port, "openevse/announce/+") as later:
            await until(lambda: len(later.heard) == 3)
            assert later.announced("disconnected") == []


async def test_a_crash_leaves_a_last_will_without_addresses(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener:
        async with simulating(calm(broker, chargers=14, speed=60.0, scenario="bad-day")):
            await until(lambda: len(listener.announced("disconnected")) >= 2)
        assert all(
            list(row) == ["state", "id", "name"] for row in listener.announced("disconnected")
        )


async def test_a_bad_day_has_every_kind_of_trouble(broker: Mosquitto, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    kinds = {"crash", "reboot", "dropped", "silent", "frozen", "moved", "fault", "session_end"}
    options = calm(broker, chargers=14, interval=60.0, speed=400.0, scenario="bad-day")
    async with simulating(replace(options, ledger=ledger)):
        await until(lambda: kinds <= {str(row["event"]) for row in ledger_truths(ledger)})


async def test_a_bad_day_has_what_is_no_telemetry(broker: Mosquitto, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    fields = {"config", "set", "$SC", "out", "charge_rate", "batteryRange"}
    options = calm(broker, chargers=14, interval=60.0, speed=400.0, scenario="bad-day")
    async with simulating(replace(options, ledger=ledger)):
        await until(lambda: fields <= {t.rpartition("/")[2] for t, _, _ in ledger_messages(ledger)})


async def test_a_moved_charger_announces_its_new_base(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener:
        async with simulating(calm(broker, chargers=1, speed=60.0, scenario="moved")):
            await until(lambda: len(listener.announced("connected")) >= 2)
        first, second = listener.announced("connected")[:2]
        assert first["mqtt"] == f"charger/{first['name']}"
        assert second["mqtt"] == f"charger/site1/{first['name']}"
        assert first["id"] == second["id"]


async def test_a_move_is_a_clean_disconnect(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener:
        async with simulating(calm(broker, chargers=1, speed=60.0, scenario="moved")):
            await until(lambda: len(listener.announced("connected")) >= 2)
        assert listener.announced("disconnected") == []


async def test_a_rapi_query_is_answered_with_a_checksum(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener, simulating(calm(broker, chargers=1)):
        await until(lambda: len(listener.announced("connected")) == 1)
        base = listener.announced("connected")[0]["mqtt"]
        listener.say(f"{base}/rapi/in/$GA", "")
        await until(lambda: listener.payloads(f"{base}/rapi/out") == ["$OK 220 0^20"])


async def test_a_rapi_command_that_is_no_query_is_refused(broker: Mosquitto) -> None:
    async with listening(broker.port) as listener, simulating(calm(broker, chargers=1)):
        await until(lambda: len(listener.announced("connected")) == 1)
        base = listener.announced("connected")[0]["mqtt"]
        listener.say(f"{base}/rapi/in/$SC", "13")
        await until(lambda: listener.payloads(f"{base}/rapi/out") == ["$NK^21"])


async def test_chargers_speak_tls_with_an_authority_of_their_own(tmp_path: Path) -> None:
    authority, paths = trustme.CA(), [tmp_path / name for name in ("ca", "key", "cert")]
    server = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(paths[0])
    server.private_key_pem.write_to_path(paths[1])
    server.cert_chain_pems[0].write_to_path(paths[2])
    mosquitto = Mosquitto(tmp_path, tls=f"keyfile {paths[1]}\ncertfile {paths[2]}\n")
    ledger = tmp_path / "ledger.jsonl"
    await mosquitto.start()
    try:
        async with simulating(calm(mosquitto, ca_file=paths[0], ledger=ledger)):
            await until(lambda: len(list(ledger_messages(ledger))) >= 20)
    finally:
        mosquitto.stop()


async def test_chargers_wait_for_a_broker_that_is_away(tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path)
    try:
        async with simulating(calm(mosquitto)):
            await mosquitto.start()
            async with listening(mosquitto.port) as listener:
                await until(lambda: len(listener.announced("connected")) == 3)
    finally:
        mosquitto.stop()


async def test_chargers_come_back_to_a_broker_that_restarts(broker: Mosquitto) -> None:
    async with simulating(calm(broker)):
        broker.stop()
        await broker.start()
        async with listening(broker.port) as listener:
            await until(lambda: len(listener.announced("connected")) == 3)


async def test_a_broker_that_is_away_is_told_once_and_so_is_its_return(
    broker: Mosquitto,
) -> None:
    reported: list[str] = []
    broker.stop()
    task = asyncio.create_task(simulate(calm(broker, speed=60.0), on_broker_change=reported.append))
    try:
        await until(lambda: bool(reported))
        await broker.start()
        await until(lambda: len(reported) == 2)
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert reported == [
        "no charger can connect, retrying: [Errno 111] Connection refused",
        "chargers can connect",
    ]


async def test_why_a_broker_takes_no_charger_is_told(tmp_path: Path) -> None:
    reported: list[str] = []
    with LockedMosquitto(tmp_path, passwords={"chargers": "s3cret"}) as locked:
        options = SimOptions(broker=locked.url, chargers=3, duration=1.0)
        await simulate(options, on_broker_change=reported.append)
    assert reported == ["no charger can connect, retrying: the broker refuses: Not authorized"]


async def test_nothing_is_written_that_was_not_published(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    await simulate(calm(Mosquitto(tmp_path), ledger=ledger, duration=0.5))
    assert list(ledger_messages(ledger)) == []


async def test_a_recording_is_played_in_its_order(broker: Mosquitto, tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    reported = [("a/amp", "1"), ("b/amp", "2"), ("a/temp1", ""), ("a/amp", "ü")]
    lines = [
        {"time": 1e9 + n, "charger": "x", "topic": topic, "payload": text, "retain": False}
        for n, (topic, text) in enumerate(reported)
    ]
    truth = {"time": 1e9, "charger": "x", "truth": {"event": "crash"}}
    recording.write_text("\n".join(json.dumps(line) for line in [truth, *lines]), encoding="utf-8")
    async with listening(broker.port) as listener:
        await simulate(calm(broker, recording=recording))
        await until(lambda: len(listener.heard) == 4)
        assert [(topic, text) for topic, text, _ in listener.heard] == reported


async def test_a_recording_keeps_its_pace(broker: Mosquitto, tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    line = '{"time": %s, "charger": "x", "topic": "a", "payload": "1", "retain": false}\n'
    recording.write_text(line % 100 + line % 110, encoding="utf-8")
    began = asyncio.get_running_loop().time()
    await simulate(calm(broker, recording=recording))
    assert 0.5 <= asyncio.get_running_loop().time() - began < 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"scenario": "sunny"}, "no scenario 'sunny'"),
        ({"broker": "http://localhost"}, "broker address is not an mqtt"),
        ({"broker": "mqtt://"}, "broker address must be"),
        ({"broker": "mqtt://localhost:99999"}, "broker address"),
        ({"broker": "mqtt://localhost/topic"}, "broker address must be"),
        ({"broker": "mqtts://localhost", "ca_file": Path("/nowhere.pem")}, "ca_file /nowhere.pem"),
        ({"chargers": 0}, "chargers"),
        ({"speed": 0.0}, "speed"),
        ({"interval": float("nan")}, "interval"),
        ({"http_port": 70000}, "http_port"),
        ({"http_username": "anna"}, "user and password"),
        ({"ledger": Path("/nowhere/ledger")}, "ledger /nowhere/ledger"),
        ({"recording": Path("/nowhere/recording")}, "recording /nowhere/recording"),
    ],
)
async def test_options_that_cannot_be_followed_say_why(
    changes: dict[str, object], why: str
) -> None:
    options = replace(SimOptions(broker="mqtt://127.0.0.1"), **changes)  # type: ignore[arg-type]  # names as in SimOptions
    with pytest.raises(SimError, match=why):
        await simulate(options)


async def test_a_wrong_broker_address_shows_no_password() -> None:
    with pytest.raises(SimError) as error:
        await simulate(SimOptions(broker="mqtt://anna:s3cret@host/x"))
    assert "s3cret" not in str(error.value)


async def test_a_recording_with_a_broken_line_names_it(broker: Mosquitto, tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    recording.write_text("{not json}\n", encoding="utf-8")
    with pytest.raises(SimError, match="line 1"):
        await simulate(calm(broker, recording=recording))


async def test_an_http_port_that_is_taken_is_named(broker: Mosquitto) -> None:
    port = free_port("127.1.0.1")
    async with simulating(calm(broker, http_port=port)):
        with pytest.raises(SimError, match=f"http_port {port}"):
            await simulate(calm(broker, http_port=port))


def test_the_simulator_imports_nothing_of_the_bridge() -> None:
    sources = Path(bridge.sim.__file__).parent.glob("*.py")
    imported = re.findall(r"^\s*(?:from|import) (bridge\S*)", _joined(sources), re.MULTILINE)
    assert {name for name in imported if not name.startswith("bridge.sim.")} == set()


def _joined(paths: Iterable[Path]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_the_scenarios_are_described() -> None:
    assert set(SCENARIOS) == {"calm", "bad-day", "alarms", "moved", "ancestor"}
    assert all(SCENARIOS.values())
