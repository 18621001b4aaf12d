"""Simulator to bridge to Prometheus to Alertmanager to a webhook: who is told what, how often."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.sim.fleet import identities
from bridge.sim.run import SimOptions, simulate
from bridge.sim.scenarios import scenario_named
from tests.alerts.receiver import Notification, Receiver, receiver
from tests.kit.alerts import RULES
from tests.kit.root import ROOT
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Alertmanager, Mosquitto, Prometheus
from tests.kit.simulator import free_port
from tests.kit.support import eventually

EXAMPLE = ROOT / "deploy" / "prometheus" / "alertmanager.yml"
PER_MINUTE = {"s": 1 / 60, "m": 1, "h": 60}
CHARGERS = 12
OF_CHARGERS = ("EvseChargerDown", "EvseChargerSilent", "EvseChargerMqttDead", "EvseFleetGone")


def quick_rules(folder: Path) -> Path:
    """The very rules, but a minute's patience is a fifth of a second."""

    def shorter(found: re.Match[str]) -> str:
        seconds = int(found[2]) * PER_MINUTE[found[3]] / 5
        return f"{found[1]}: {max(1, round(seconds)) if seconds else 0}s"

    text = RULES.read_text(encoding="utf-8")
    path = folder / "rules.yml"
    path.write_text(re.sub(r"\b(for|keep_firing_for): (\d+)([smh])", shorter, text), "utf-8")
    return path


def quick_example(port: int, text: str = "") -> str:
    """The example, but groups wait a second, and its receivers are at this port."""
    text = text or EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("localhost:5001", f"127.0.0.1:{port}")
    return re.sub(r"\b(group_wait|group_interval): \w+", r"\1: 1s", text)


def options(broker: Mosquitto, http_port: int) -> SimOptions:
    """Crash and stuck relay come after 16 seconds, when each charger was polled."""
    return SimOptions(
        broker=broker.url, chargers=CHARGERS, speed=3.0, interval=6.0, seed=SEED,
        http_port=http_port, scenario="alarms",
    )  # fmt: skip


SEED = 14


@dataclass
class Chain:
    """All that stands between a charger and whoever is woken."""

    broker: Mosquitto
    running: Bridge
    prometheus: Prometheus
    alertmanager: Alertmanager
    told: Receiver
    names: list[str]
    """The chargers' own, in the fleet's order."""


@asynccontextmanager
async def chain(broker: Mosquitto, folder: Path) -> AsyncIterator[Chain]:
    asked = options(broker, free_port())
    async with (
        receiver() as told,
        bridge(
            folder, broker.url, HTTP__ENABLED="true", HTTP__ALLOW="127.0.0.0/8",
            HTTP__PORTS=str(asked.http_port), HTTP__ENRICH_EVERY="2s", HTTP__MIN_GAP="1s",
            HTTP__FALLBACK_EVERY="2s", FLEET__SILENT_AFTER="5s", FLEET__STALE_AFTER="10s",
        ) as running,
    ):  # fmt: skip
        await running.hears()
        with (
            Alertmanager(folder, quick_example(told.port)) as alertmanager,
            Prometheus(
                folder,
                targets=[f"127.0.0.1:{running.port}"],
                rule_files=[quick_rules(folder)],
                alertmanagers=[f"127.0.0.1:{alertmanager.port}"],
            ) as prometheus,
        ):
            playing = asyncio.create_task(simulate(asked))
            who = [one.name for one in identities(asked, scenario_named("alarms"))]
            try:
                yield Chain(broker, running, prometheus, alertmanager, told, who)
            finally:
                playing.cancel()
                await asyncio.wait({playing})


@pytest.mark.timeout(150)
async def test_whoever_is_woken_is_told_once_and_in_plain_words(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with chain(mosquitto, tmp_path) as all_:
        crashed, welded, *_ = all_.names
        told = all_.told
        await eventually(lambda: told.of("EvseStuckRelay") and told.of("EvseCrash"), 60)
        await _dead_broker(all_)
    assert told.of("EvseStuckRelay", "EvseCrash") == [
        Notification("operators", "EvseCrash", (f"{crashed}: the gateway crashed",)),
        Notification("pager", "EvseStuckRelay", (f"{welded}: a relay is stuck",)),
    ]


async def _dead_broker(all_: Chain) -> None:
    all_.broker.kill()

    def inhibited() -> bool:
        found = all_.alertmanager.alerts("EvseChargerMqttDead")
        return [one["status"]["state"] for one in found] == ["suppressed"] * CHARGERS

    await eventually(inhibited, 60, every=0.5)
    assert all_.told.of(*OF_CHARGERS) == []
    assert all_.told.of("EvseBridgeDeaf") == [
        Notification(
            "pager",
            "EvseBridgeDeaf",
            (f"nofos-bridge on 127.0.0.1:{all_.running.port} receives nothing from the broker",),
        )
    ]
