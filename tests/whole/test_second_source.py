"""The whole bridge over simulated chargers and their own web servers: what only HTTP tells."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from bridge.sim.options import SimOptions
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto
from tests.kit.simulator import free_port, simulating
from tests.kit.support import eventually

SPEED = 20.0


async def all_of(running: Bridge, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await running.json(f"/api/v1/{what}?limit=1000"))["data"]
    return found


def happened(ledger: Path, charger: str, kind: str) -> int:
    rows = map(json.loads, ledger.read_text(encoding="utf-8").splitlines())
    return sum(
        row["charger"] == charger and row.get("truth", {}).get("event") == kind for row in rows
    )


async def test_crashes_boots_trips_and_firmware_of_simulated_chargers_are_known(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    port, ledger = free_port("127.1.0.1"), tmp_path / "ledger.jsonl"
    options = SimOptions(
        broker=mosquitto.url, chargers=14, speed=SPEED, seed=3, scenario="bad-day",
        http_port=port, ledger=ledger,
    )  # fmt: skip
    async with bridge(
        tmp_path / "data", mosquitto.url, HTTP__ENABLED="true", HTTP__ALLOW="127.0.0.0/8",
        HTTP__PORTS=str(port), HTTP__FALLBACK_EVERY="2s", HTTP__ENRICH_EVERY="2s",
        HTTP__MIN_GAP="1s", HTTP__TIMEOUT="2s", FLEET__SILENT_AFTER="4s",
    ) as running, simulating(options):  # fmt: skip
        crashing = str(await eventually(lambda: crashed(running), 60))
        name = f'{{charger="{crashing}"}}'
        metrics = await running.metrics()
        events = await all_of(running, "events")
        (view,) = [c for c in await all_of(running, "chargers") if c["id"] == crashing]
        counted = metrics[f"evse_crashes_total{name}"]
    assert 1 <= counted <= happened(ledger, crashing, "crash")
    mine = [each for each in events if each["charger"] == crashing]
    records = Counter(each["text"] for each in mine if each["kind"] == "crash")
    assert sum(records.values()) >= 1
    assert set(records.values()) == {1}
    assert any(each["kind"] == "reboot" for each in mine)
    assert metrics[f"evse_boots_total{name}"] >= 1
    assert metrics[f"evse_gfci_trips_total{name}"] >= 0
    assert metrics[f"evse_frozen{name}"] == 0
    assert view["version"] == "2.4.1"
    assert view["firmware"]


async def crashed(running: Bridge) -> str | None:
    """The first charger of which a crash, its record and its firmware are known."""
    known: set[str] = {c["id"] for c in await all_of(running, "chargers") if c["version"]}
    told = {e["charger"] for e in await all_of(running, "events") if e["kind"] == "crash"}
    metrics = await running.metrics()
    for charger in sorted(known & told):
        if metrics.get(f'evse_crashes_total{{charger="{charger}"}}'):
            return charger
    return None
