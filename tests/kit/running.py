"""A whole bridge in the test's event loop, with its page asked over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bridge.app.service import run
from bridge.settings import load
from tests.kit.support import eventually


@dataclass
class Bridge:
    """A bridge that runs; `settings` are as in the environment."""

    port: int
    stop: asyncio.Event
    session: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and body of a GET."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.get(url, headers=headers) as reply:
            return reply.status, await reply.text()

    async def json(self, path: str) -> Any:
        """The JSON body of a GET that must succeed."""
        async with self.session.get(f"http://127.0.0.1:{self.port}{path}") as reply:
            assert reply.status == 200
            return await reply.json()

    async def metrics(self) -> dict[str, float]:
        """All series of a scrape; the accounting identity must hold in it."""
        status, body = await self.get("/metrics")
        assert status == 200
        found = {
            _name(sample.name, sample.labels): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }
        assert_adds_up(found)
        return found

    async def metric(self, name: str) -> float | None:
        """One series of a scrape, by name and labels sorted by key; None where absent."""
        return (await self.metrics()).get(name)

    async def hears(self) -> None:
        """Wait until the bridge is ready."""

        async def ready() -> bool:
            return (await self.get("/readyz"))[0] == 200

        await eventually(ready, 20)

    async def settled(self, readings: int) -> dict[str, float]:
        """Wait until this many readings came in and none is on its way any more."""
        last: dict[str, float] = {}

        async def done() -> bool:
            last.clear()
            last.update(await self.metrics())
            return (
                last["evse_bridge_readings_received_total"] >= readings
                and last["evse_bridge_readings_pending"] == 0
            )

        await eventually(done, 30)
        return last


def assert_adds_up(metrics: Mapping[str, float]) -> None:
    """received + recovered = stored + pending + discarded."""
    prefix = "evse_bridge_readings_"
    discarded = sum(n for name, n in metrics.items() if name.startswith(f"{prefix}discarded_total"))
    came = metrics[f"{prefix}received_total"] + metrics[f"{prefix}recovered"]
    went = metrics[f"{prefix}stored_total"] + metrics[f"{prefix}pending"] + discarded
    assert came == went, f"{came} readings came, {went} are accounted for"


def _name(name: str, labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
    return f"{name}{{{pairs}}}" if pairs else name


@asynccontextmanager
async def bridge(folder: Path, broker: str, **settings: str) -> AsyncIterator[Bridge]:
    """Run a bridge on this data folder and broker; drained at the end of the block.

    Settings are named as in the environment, without prefix: `INFLUX__URL="http://…"`.
    """
    environ = {
        "NOFOS_MQTT__URL": broker,
        "NOFOS_JOURNAL__DIR": str(folder / "data"),
        "NOFOS_WEB__LISTEN": "127.0.0.1:0",
        # Announced addresses are invented, and may be somebody's.
        "NOFOS_HTTP__ENABLED": "false",
        **{f"NOFOS_{name}": value for name, value in settings.items()},
    }
    stop = asyncio.Event()
    up: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run(load(None, environ), stop=stop, started=up.set_result))
    waited: set[asyncio.Future[Any]] = {task, up}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    async with aiohttp.ClientSession() as session:
        try:
            yield Bridge(up.result().port, stop, session)
        finally:
            stop.set()
            await task
