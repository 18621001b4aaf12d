"""The whole bridge and whoever may announce: it floods no device, and carries out no names."""

import asyncio
import json
import socket
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.polling import http, strange
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually
from tests.whole.test_fallback import STATUS, announce, polled_often

LIARS = 2000
WATCHED_SECONDS = 6.0
SLOW, SLOW_SECONDS = 12, 3.0
LOGIN = {"HTTP__USERNAME": "anna", "HTTP__PASSWORD": "hush"}


class Device:
    """A charger's web server that takes its time, and counts."""

    def __init__(self) -> None:
        self.busy = self.most = 0
        self.began: list[float] = []

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.began.append(time.monotonic())
        self.busy += 1
        self.most = max(self.most, self.busy)
        await asyncio.sleep(0.1)
        self.busy -= 1
        writer.write(http(json.dumps(STATUS)))

    def since(self, began: float) -> int:
        return sum(each >= began for each in self.began)


def lie(peer: Publisher, address: str, count: int = LIARS) -> None:
    """Announce so many invented ids at this address; {} in it is the number."""
    for number in range(count):
        said = {"state": "connected", "id": f"liar{number}", "name": "x", "mqtt": f"l/{number}",
                "http": address.format(number)}  # fmt: skip
        peer.publish(f"openevse/announce/liar{number}", json.dumps(said))


async def test_two_thousand_ids_at_one_address_do_not_flood_the_device_there(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    device = Device()
    async with strange(device.respond) as server:
        with Publisher(mosquitto.port) as peer:
            announce(peer, server.port)
            async with bridge(tmp_path, mosquitto.url, **polled_often(server.port)) as running:
                good = 'evse_bridge_polls_total{outcome="ok"}'

                async def polled() -> bool:
                    return (await running.metric(good) or 0) >= 1

                await eventually(polled, 30)
                await asyncio.to_thread(lie, peer, f"http://127.0.0.1:{server.port}/")

                async def behind() -> bool:
                    waiting = 'evse_bridge_polls_waiting{reason="shared_address"}'
                    return await running.metric(waiting) == LIARS

                await eventually(behind, 60)
                began = time.monotonic()
                await asyncio.sleep(WATCHED_SECONDS)
                seen = device.since(began)
                one = await running.json("/api/v1/chargers/one")
                liar = await running.json("/api/v1/chargers/liar7")
                _, page = await running.get("/?q=liar7")
    assert device.most == 1
    assert seen <= WATCHED_SECONDS + 2
    assert one["up"]
    assert (one["polled_behind"], liar["polled_behind"]) == (None, "one")
    assert "announced the address of one" in page


async def test_slow_liars_do_not_keep_a_quick_charger_from_being_polled(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(SLOW_SECONDS)
        writer.write(http(json.dumps(STATUS)))

    device = Device()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(strange(device.respond))
        slow = [await stack.enter_async_context(strange(slowly)) for _ in range(SLOW)]
        settings = polled_often(server.port) | {
            "HTTP__PORTS": ",".join(str(each.port) for each in (server, *slow)),
            "HTTP__CONCURRENCY": "4",
        }
        with Publisher(mosquitto.port) as peer:
            announce(peer, server.port)
            for number, each in enumerate(slow):
                said = {"state": "connected", "id": f"slow{number}", "mqtt": f"s/{number}",
                        "http": f"http://127.0.0.1:{each.port}/"}  # fmt: skip
                peer.publish(f"openevse/announce/s{number}", json.dumps(said), retain=True)
            async with bridge(tmp_path, mosquitto.url, **settings) as running:
                await eventually(lambda: device.began and any(each.requests for each in slow), 60)
                await asyncio.sleep(3 * SLOW_SECONDS)
                began = time.monotonic()
                await asyncio.sleep(10)
                seen = device.since(began)
                stretch = await running.metric("evse_bridge_poll_stretch_ratio")
    assert seen >= 7
    assert stretch == 1


async def test_invented_ids_are_not_given_the_fleets_password(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text('[one]\nalias = "the first"\n')
    async with strange(http(json.dumps(STATUS))) as server:
        with Publisher(mosquitto.port) as peer:
            await asyncio.to_thread(lie, peer, f"http://127.0.0.2:{server.port}/", 50)
            settings = {**polled_often(server.port), **LOGIN, "HTTP__LOGIN_AFTER": "24h"}
            async with bridge(
                tmp_path, mosquitto.url, FLEET__LABELS_FILE=str(labels), **settings
            ) as running:
                await running.hears()
                # To where nobody listens: a login that went there would be a failed poll.
                await asyncio.to_thread(lie, peer, f"http://127.0.0.2:{server.port}/", 50)
                announce(peer, server.port)

                async def counted() -> bool:
                    found = await running.metrics()
                    waiting = found.get('evse_bridge_polls_waiting{reason="untrusted"}')
                    return waiting == 50 and found['evse_bridge_polls_total{outcome="ok"}'] >= 1

                await eventually(counted, 60)
                metrics = await running.metrics()
                liar = await running.json("/api/v1/chargers/liar7")
                _, page = await running.get("/?q=liar7")
    assert metrics['evse_bridge_polls_total{outcome="untrusted"}'] >= 50
    assert metrics['evse_bridge_polls_total{outcome="unreachable"}'] == 0
    assert metrics['evse_poll_failures_total{charger="liar7"}'] == 0
    assert liar["untrusted"]
    assert "not polled: untrusted" in page
    assert all(b"Authorization" in request for request in server.requests)


async def test_made_up_host_names_never_reach_a_resolver(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **named: Any) -> Any:
        asked[str(host)] += 1
        return real("127.0.0.1" if str(host).endswith(".lan") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with strange(http(json.dumps(STATUS))) as server:
        with Publisher(mosquitto.port) as peer:
            settings = {**polled_often(server.port), "HTTP__NAMES": "lan"}
            async with bridge(tmp_path, mosquitto.url, **settings) as running:
                await running.hears()
                secret = f"http://stolen-{{}}.evil.example:{server.port}/"
                await asyncio.to_thread(lie, peer, secret, 300)
                said = {"state": "connected", "id": "one", "mqtt": "charger/one",
                        "http": f"http://charger-1.lan:{server.port}/"}  # fmt: skip
                peer.publish("openevse/announce/one", json.dumps(said), retain=True)

                async def counted() -> bool:
                    found = await running.metrics()
                    refused = found.get('evse_bridge_addresses_refused_total{reason="name"}')
                    return refused == 300 and found['evse_bridge_polls_total{outcome="ok"}'] >= 1

                await eventually(counted, 60)
    assert asked["charger-1.lan"] >= 1
    assert [host for host in asked if "evil" in host] == []
