"""`demo`: broker, simulated chargers and bridge in one process, for a first look."""

import asyncio
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from bridge.app.service import Started, stop_on_signals
from bridge.app.service import run as run_bridge
from bridge.logs import configure
from bridge.settings import Settings, load
from bridge.sim.run import SimOptions, simulate
from bridge.tools.demo.broker import EmbeddedBroker

KEPT_PREFIXES = ("NOFOS_WEB__", "NOFOS_LOG__")
"""Environment variables that also apply to the demo."""

SCALED_SECONDS = {
    "HTTP__FALLBACK_EVERY": 30.0, "HTTP__ENRICH_EVERY": 300.0, "HTTP__MIN_GAP": 15.0,
    "FLEET__SILENT_AFTER": 75.0,
}  # fmt: skip
"""Seconds of simulated time, divided by the speed."""


async def demo(chargers: int, speed: float, environ: Mapping[str, str], out: TextIO) -> None:
    """Run until SIGINT or SIGTERM. Raises CannotStart where the page's port is taken."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    broker = EmbeddedBroker()
    await broker.start()
    try:
        with tempfile.TemporaryDirectory(prefix="nofos-bridge-demo-") as folder:
            port = _free_port()
            settings = _settings(
                environ, f"mqtt://127.0.0.1:{broker.port}", folder, port=port, speed=speed
            )
            configure(settings.log.level, settings.log.format)
            await _run_demo(settings, chargers, speed, port, stop, out)
    finally:
        await broker.stop()
    out.write("Stopped.\n")


async def _run_demo(
    settings: Settings, chargers: int, speed: float, port: int, stop: asyncio.Event, out: TextIO
) -> None:
    options = SimOptions(
        broker=str(settings.mqtt.url), chargers=chargers, speed=speed, http_port=port
    )
    up = asyncio.Event()

    def started(bridge: Started) -> None:
        out.write(_banner(settings, bridge.port, chargers, speed))
        out.flush()
        up.set()

    async def fleet() -> None:
        await up.wait()
        await simulate(options)

    simulation = asyncio.create_task(fleet(), name="chargers")
    try:
        await run_bridge(settings, stop=stop, started=started)
        out.write("\n")
    finally:
        simulation.cancel()
        await asyncio.wait({simulation})


def _free_port() -> int:
    """A port for the chargers' web servers; each has a loopback address of its own."""
    with socket.socket() as probe:
        probe.bind(("127.1.0.1", 0))
        return int(probe.getsockname()[1])


def _settings(
    environ: Mapping[str, str], broker: str, folder: str, *, port: int, speed: float
) -> Settings:
    kept = {name: text for name, text in environ.items() if name.startswith(KEPT_PREFIXES)}
    variables = {
        "NOFOS_WEB__LISTEN": "127.0.0.1:9876",
        "NOFOS_LOG__LEVEL": "warning",
        **kept,
        "NOFOS_MQTT__URL": broker,
        "NOFOS_JOURNAL__DIR": str(Path(folder) / "data"),
        "NOFOS_HTTP__ALLOW": "127.0.0.0/8",
        "NOFOS_HTTP__PORTS": str(port),
        **{f"NOFOS_{name}": f"{seconds / speed:.3g}s" for name, seconds in SCALED_SECONDS.items()},
    }
    return load(None, variables)


def _banner(settings: Settings, port: int, chargers: int, speed: float) -> str:
    host = settings.web.listen.host
    page = f"http://{'localhost' if host in ('0.0.0.0', '127.0.0.1', '::') else host}:{port}"
    return (
        f"\nnofos-bridge demo: {chargers} simulated chargers at {speed:g} times speed\n"
        f"\n"
        f"  page      {page}/\n"
        f"  metrics   {page}/metrics\n"
        f"  API       {page}/api/v1/chargers\n"
        f"  broker    {settings.mqtt.url}  (chargers publish below charger/)\n"
        f"  journal   {settings.journal.dir}  (removed at the end)\n"
        f"\n"
        f"Each charger publishes every {30 / speed:.3g} s. Ctrl-C stops everything.\n"
    )
