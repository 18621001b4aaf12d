"""While shards restart one after the other: a charger with two bridges, then with its new one."""

import contextlib
import json
from pathlib import Path

from bridge.core.discovery.shard import shard_of
from bridge.core.model import ChargerId
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto, Prometheus, VictoriaMetrics, free_port
from tests.kit.servers.victoria import Series
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import until

STAYS, MOVES = "five", "one"
"""Of two shards, their owners are 0 and 1."""
JOULES = f'evse_energy_joules_total{{charger="{MOVES}"}}'


def speak(peer: Publisher, wh: int) -> None:
    for charger in (STAYS, MOVES):
        for name, text in {"wh": str(wh), "state": "3", "pilot": "16"}.items():
            peer.say(f"base/{charger}/{name}", text)


def announced(peer: Publisher) -> None:
    for charger in (STAYS, MOVES):
        said = {"state": "connected", "id": charger, "name": charger, "mqtt": f"base/{charger}"}
        peer.publish(f"openevse/announce/{charger}", json.dumps(said), retain=True)


async def chargers(running: Bridge) -> set[str]:
    """Whose series a scrape shows."""
    series = [name for name in await running.metrics() if 'charger="' in name]
    return {name.partition('charger="')[2].partition('"')[0] for name in series}


async def spoken(running: Bridge, peer: Publisher, wh: int) -> None:
    """Both say this total, again and again until this bridge shows it."""

    async def shown() -> bool:
        speak(peer, wh)
        return await running.metric(JOULES) == wh * 3600

    await eventually(shown, 20, every=0.5)


async def test_a_charger_that_moves_has_two_bridges_for_a_while_and_then_one(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    assert [shard_of(ChargerId(charger), 2) for charger in (STAYS, MOVES)] == [0, 1]
    store = {"INFLUX__URL": victoria.url, "INFLUX__BUCKET": "evse"}
    ports = free_port(), free_port()
    first = {**store, "WEB__LISTEN": f"127.0.0.1:{ports[0]}"}
    second = {**store, "WEB__LISTEN": f"127.0.0.1:{ports[1]}", "SHARD__COUNT": "2",
              "SHARD__INDEX": "1"}  # fmt: skip
    targets = [f"127.0.0.1:{port}" for port in ports]
    async with contextlib.AsyncExitStack() as stack:
        peer = stack.enter_context(Publisher(mosquitto.port))
        prometheus = stack.enter_context(Prometheus(tmp_path, targets=targets))
        announced(peer)

        def asked(expression: str) -> list[float]:
            return [found.value for found in prometheus.query(expression)]

        async with bridge(tmp_path / "0", mosquitto.url, **first) as old:
            await spoken(old, peer, 1000)
            new = await stack.enter_async_context(bridge(tmp_path / "1", mosquitto.url, **second))
            await until(new, f'evse_announced{{charger="{MOVES}"}}', 1)
            await spoken(new, peer, 1010)
            await spoken(old, peer, 1010)
            assert await chargers(old) == {STAYS, MOVES}
            assert await chargers(new) == {MOVES}
            await eventually(lambda: asked(JOULES) == [3_636_000, 3_636_000], 20)
            assert asked(f"max by (charger) ({JOULES})") == [3_636_000]
        # The one that is gone leaves nothing behind in Prometheus: its next scrape says so.
        await eventually(lambda: asked(JOULES) == [3_636_000], 20)
        first |= {"SHARD__COUNT": "2", "SHARD__INDEX": "0"}
        async with bridge(tmp_path / "0", mosquitto.url, **first) as old:
            assert await chargers(old) == {STAYS}
            await spoken(new, peer, 1020)
            await until(old, f'evse_energy_joules_total{{charger="{STAYS}"}}', 1020 * 3600)
            assert await chargers(old) == {STAYS}

    def stored() -> list[Series]:
        return victoria.export(f'{{__name__="evse_energy",charger="{MOVES}"}}')

    # What it took a moment ago it shows a little later.
    await eventually(lambda: any(1020 in series.values for series in stored()))
    (series,) = stored()
    assert series.labels == {"__name__": "evse_energy", "charger": MOVES}
    assert series.values == sorted(series.values)
    assert set(series.values) == {1000, 1010, 1020}


async def test_a_bridge_with_another_count_shows_its_own_before_it_hears_anything(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Publisher(mosquitto.port) as peer:
        announced(peer)
        async with bridge(tmp_path, mosquitto.url) as running:
            await spoken(running, peer, 1000)
            await until(running, f'evse_energy_joules_total{{charger="{STAYS}"}}', 1000 * 3600)
    mosquitto.stop()
    async with bridge(tmp_path, mosquitto.url, SHARD__COUNT="2", SHARD__INDEX="1") as running:
        assert await chargers(running) == {MOVES}
        metrics = await running.metrics()
        assert metrics["evse_bridge_shards"] == 2
        assert metrics[JOULES] == 3_600_000
        assert metrics[f'evse_source{{charger="{MOVES}",evse_source="none"}}'] == 1
        assert metrics[f'evse_up{{charger="{MOVES}"}}'] == 0
