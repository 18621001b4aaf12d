"""A bad day of a small fleet, watched by a bridge, in Prometheus and in the journal."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.sim.options import SimOptions
from bridge.sim.run import simulate
from tests.kit.alerts import RULES
from tests.kit.running import Bridge, bridge
from tests.kit.servers import Mosquitto, Prometheus, VictoriaMetrics, free_port
from tests.kit.servers.web import ask
from tests.kit.support import eventually
from tests.tools.test_cli import environ, nofos

HAPPENED = (
    "sum(evse_faults_total) > 10",
    "sum(evse_crashes_total) > 3",
    "sum(evse_sessions_total) > 5",
    "count(evse_previous_uptime_seconds) > 0",
    "sum(evse_fault) > 0",
    'count(evse_last_reset{reason="panic"}) > 0',
    "sum(evse_bridge_points_stored_total) > 0",
    "sum(increase(evse_sessions_total[15s])) > 0",
    "sum(increase(evse_faults_total[15s])) > 0",
    "sum(increase(evse_crashes_total[15s])) > 0",
    "count(evse_info) == 14",
    # What single panels and marks wait for.
    "sum(max_over_time(evse_frozen[80s])) > 0",
    'sum(increase(evse_faults_total{charger="e0e84adf820d"}[80s])) > 0',
    'sum(increase(evse_crashes_total{charger="e0e84adf820d"}[80s])) > 0',
    'sum(increase(evse_boots_total{charger="e0e84adf820d"}[80s])) > 0',
)
"""What must have been scraped before the day is over."""
LABELS = """
[3f28751e967]
alias = "Gate"
site = "north"
[e0e84adf820d]
alias = "Yard"
site = "south"
"""
PATIENCE_SECONDS = 80.0


@dataclass(frozen=True, slots=True)
class Day:
    """How many chargers, how fast, and what ends it: all has happened, or it is late."""

    chargers: int = 14
    speed: float = 60.0
    happened: Sequence[str] = HAPPENED
    lasts: float = 0.0
    """Seconds, at least."""

    def seconds(self, at_sixty: float) -> str:
        """A duration that was chosen for sixty times speed."""
        return f"{at_sixty * 60 / self.speed:g}s"


USUAL = Day()


@dataclass(frozen=True, slots=True)
class World:
    """What was left when the day was over; `start` and `end` in Unix seconds."""

    prometheus: Prometheus
    start: float
    end: float
    types: Mapping[str, str]
    """All families that the bridge exposes, with their type."""
    data: Path

    @property
    def lines(self) -> list[bytes]:
        """All points of the journal, as `export` tells them."""
        done = nofos("export", "--format", "lp", env=environ(JOURNAL__DIR=str(self.data)))
        assert done.returncode == 0, done.stderr
        return done.stdout.encode().splitlines()

    def now(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector at the end."""
        return self._asked("query", {"query": expression, "time": str(self.end)})

    def over_time(self, expression: str, start: float, step: float) -> list[dict[str, Any]]:
        """The range until the end."""
        span = {"start": str(start), "end": str(self.end), "step": str(step)}
        return self._asked("query_range", {"query": expression, **span})

    def _asked(self, path: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        answer = json.loads(ask(f"{self.prometheus.url}/api/v1/{path}", parameters))["data"]
        if answer["resultType"] == "scalar":
            return [{"metric": {}, "value": answer["result"]}]
        return list(answer["result"])


async def bad_day(folder: Path, kept: ExitStack, day: Day = Day()) -> World:
    """Run it; afterwards only Prometheus still runs, as long as `kept` is open."""
    (folder / "labels.toml").write_text(LABELS, encoding="utf-8")
    port = free_port()
    with Mosquitto(folder) as broker, VictoriaMetrics(folder) as store:
        async with bridge(
            folder, broker.url, INFLUX__URL=store.url, INFLUX__BUCKET="b", INFLUX__ORG="o",
            INFLUX__TOKEN="t", HTTP__ENABLED="true", HTTP__ALLOW="127.0.0.0/8",
            HTTP__PORTS=str(port), FLEET__SILENT_AFTER=day.seconds(4),
            FLEET__STALE_AFTER=day.seconds(6), HTTP__FALLBACK_EVERY=day.seconds(2),
            HTTP__MIN_GAP=day.seconds(1), HTTP__ENRICH_EVERY=day.seconds(2),
            FLEET__LABELS_FILE=str(folder / "labels.toml"),
        ) as running:  # fmt: skip
            chargers = asyncio.create_task(simulate(_options(broker.url, port, day)))
            try:
                return await _watched(running, folder, kept, day)
            finally:
                chargers.cancel()
                await asyncio.wait({chargers})


def _options(broker: str, port: int, day: Day) -> SimOptions:
    return SimOptions(
        broker=broker, chargers=day.chargers, speed=day.speed, scenario="bad-day", http_port=port
    )


async def _watched(running: Bridge, folder: Path, kept: ExitStack, day: Day) -> World:
    target = Prometheus(folder, targets=[f"127.0.0.1:{running.port}"], rule_files=[RULES])
    prometheus = await asyncio.to_thread(kept.enter_context, target)
    start = time.time()

    async def over() -> bool:
        asked = [await asyncio.to_thread(prometheus.query, each) for each in day.happened]
        return all(asked) and time.time() - start >= day.lasts

    await eventually(over, PATIENCE_SECONDS + day.lasts, 0.5)
    end = time.time()
    _, text = await running.get("/metrics")
    heads = [line.split() for line in text.splitlines() if line.startswith("# TYPE")]
    types = {name: kind for _, _, name, kind in heads}
    # It stays until the last test of its process.
    prometheus.rest()
    return World(prometheus, start, end, types, folder / "data")
