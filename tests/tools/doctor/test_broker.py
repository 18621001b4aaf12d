"""`doctor` at real brokers: good ones, and each way to be turned away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from bridge.tools.doctor.broker import probe_broker
from tests.kit.certificates import Authority
from tests.kit.doctor import case, findings, told
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, Subscriber
from tests.sources.mqtt.test_skim import CONNACK, frame

GRANTED = ("ok", "granted the subscription to openevse/announce/+")
NOBODY = ("warning", "no charger announced itself within 0.5 s")
SECRET = "hush-hush"


@contextlib.asynccontextmanager
async def refusing() -> AsyncIterator[str]:
    """A broker that takes everyone and refuses every subscription, as Mosquitto's rules do not."""

    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(1000)
            writer.write(CONNACK)
            asked = await reader.read(1000)
            writer.write(frame(0x90, asked[2:4] + b"\x80"))
            await reader.read(1000)
            writer.close()
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await over.wait()


def announcement(charger: str, state: str = "connected") -> str:
    return json.dumps({"id": charger, "state": state, "mqtt": f"base/{charger}"})


async def test_a_broker_without_a_charger_is_good_and_a_warning(mosquitto: Mosquitto) -> None:
    about = case(MQTT__URL=mosquitto.url)
    place = mosquitto.url.removeprefix("mqtt://")
    assert await told(probe_broker, about) == [
        ("ok", f"{place} responds without TLS and requires no login"),
        GRANTED,
        NOBODY,
    ]


async def test_chargers_are_counted_and_remembered(mosquitto: Mosquitto) -> None:
    about = case(MQTT__URL=mosquitto.url)
    with Publisher(mosquitto.port) as chargers:
        chargers.publish("openevse/announce/a", announcement("a"), retain=True)
        chargers.publish("openevse/announce/b", announcement("b", "disconnected"), retain=True)
        chargers.publish("openevse/announce/c", "no JSON", retain=True)
        found = await told(probe_broker, about)
    assert found[2:] == [
        ("ok", "2 chargers within 0.5 s, 1 connected (2 retained, 0 live)"),
        ("warning", "1 announcement cannot be read: not JSON"),
    ]
    assert sorted(about.announced) == ["a", "b"]


async def test_no_more_chargers_are_remembered_than_the_bridge_follows(
    mosquitto: Mosquitto,
) -> None:
    about = case(MQTT__URL=mosquitto.url, FLEET__MAX_CHARGERS="1")
    with Publisher(mosquitto.port) as chargers:
        for charger in ("a", "b"):
            chargers.publish(f"openevse/announce/{charger}", announcement(charger), retain=True)
        await told(probe_broker, about)
    assert len(about.announced) == 1


async def test_a_login_is_named_and_its_password_is_not(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, passwords={"me": SECRET}) as locked:
        about = case(MQTT__URL=locked.url, MQTT__USERNAME="me", MQTT__PASSWORD=SECRET)
        found = await told(probe_broker, about)
    assert found[0][1].endswith("responds without TLS and accepted the login of me")
    assert SECRET not in str(found)


async def test_a_wrong_password_fails(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, passwords={"me": "right"}) as locked:
        about = case(MQTT__URL=locked.url, MQTT__USERNAME="me", MQTT__PASSWORD=SECRET)
        (found,) = await findings(probe_broker, about)
    assert found.status.value == "failed"
    assert "not authori" in found.message.lower()
    assert "mqtt.password" in (found.remedy or "")
    assert SECRET not in str(found)


async def test_an_untrusted_certificate_fails(tmp_path: Path) -> None:
    tls = Authority(tmp_path).issue("server", "127.0.0.1")
    with Mosquitto(tmp_path, tls=tls) as served:
        ((verdict, found),) = await told(probe_broker, case(MQTT__URL=served.url))
    assert verdict == "failed"
    assert "not from an authority that we trust (mqtt.ca_file" in found


async def test_a_trusted_certificate_is_good(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Mosquitto(tmp_path, tls=authority.issue("server", "127.0.0.1")) as served:
        about = case(MQTT__URL=served.url, MQTT__CA_FILE=str(authority.file))
        found = await told(probe_broker, about)
    assert found[0][0] == "ok"
    assert "responds over verified TLS" in found[0][1]


async def test_a_broker_that_is_away_fails() -> None:
    ((verdict, found),) = await told(probe_broker, case(MQTT__URL="mqtt://127.0.0.1:9"))
    assert verdict == "failed"
    assert "nothing listens at the broker's address" in found


async def test_rules_that_let_us_hear_nothing_are_suspected(tmp_path: Path) -> None:
    """Mosquitto grants such a subscription, and passes on nothing."""
    with Mosquitto(tmp_path, acl="topic write #\n") as mute, Publisher(mute.port) as charger:
        charger.publish("openevse/announce/a", announcement("a"), retain=True)
        found = await findings(probe_broker, case(MQTT__URL=mute.url))
    assert (found[-1].status.value, found[-1].message) == NOBODY
    assert "access rules" in (found[-1].remedy or "")


async def test_a_refused_subscription_fails() -> None:
    async with refusing() as url:
        found = await findings(probe_broker, case(MQTT__URL=url))
    assert [(each.status.value, each.message) for each in found[1:]] == [
        ("failed", "refused the subscription to openevse/announce/+")
    ]
    assert found[1].remedy == "allow the bridge's user to read it in the broker's access rules"


async def test_a_running_bridge_with_the_same_client_id_is_not_cut_off(
    mosquitto: Mosquitto,
) -> None:
    with Subscriber(mosquitto.port, client_id="depot-bridge") as other:
        await told(probe_broker, case(MQTT__URL=mosquitto.url, MQTT__CLIENT_ID="depot-bridge"))
        assert not other.lost.is_set()


async def test_nothing_is_published(mosquitto: Mosquitto) -> None:
    with Subscriber(mosquitto.port, "#") as hears:
        await told(probe_broker, case(MQTT__URL=mosquitto.url))
    assert hears.received == []
