"""`python -m bench.real_time`: a bad day at ten times speed on real servers, then the verdict.

Simulator, Mosquitto, bridge and VictoriaMetrics are real; the bridge's times are scaled like
the simulator's. Not all of them have a setting: see docs/development.md.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from bench.child import Child
from bench.table import table
from bench.truths import read
from bench.verdict import BridgeReport, ComparisonRow, compare_run
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.servers.process import free_port
from tests.kit.servers.web import ask

SCALED = {
    "FLEET__SILENT_AFTER": 75.0,
    "FLEET__STALE_AFTER": 120.0,
    "HTTP__FALLBACK_EVERY": 30.0,
    "HTTP__ENRICH_EVERY": 300.0,
    "HTTP__MIN_GAP": 15.0,
    "HTTP__TIMEOUT": 10.0,
}
"""Seconds at speed 1."""
PAGE = 1000
SETTLE_SECONDS = 3.0
"""Real: until the store has everything that the bridge received."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.real_time", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--chargers", type=int, default=50)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep ledger, journal and logs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nofos-soak-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = soak(folder, given.minutes * 60, given.chargers, given.speed)
    sys.stdout.write(shown(rows) + "\n")
    raise SystemExit(any(row.mismatches for row in rows))


def soak(folder: Path, seconds: float, chargers: int, speed: float) -> list[ComparisonRow]:
    """Run for real seconds; everything is stopped at the end."""
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder))
        store = stack.enter_context(VictoriaMetrics(folder))
        web, page = free_port(), free_port()
        bridge = stack.enter_context(
            _bridge(folder, broker.url, store.url, web=web, page=page, speed=speed)
        )
        url = f"http://127.0.0.1:{page}"
        _await_answer(f"{url}/livez", bridge)
        ledger = folder / "ledger.jsonl"
        sim = stack.enter_context(
            _simulator(folder, broker.url, ledger, web=web, chargers=chargers, speed=speed)
        )
        start = time.time()
        time.sleep(seconds)
        if not (sim.running and bridge.running):
            raise RuntimeError(f"ended by itself:\n{sim.log[-2000:]}\n{bridge.log[-2000:]}")
        now = time.time()
        metrics = dict(_metrics(ask(f"{url}/metrics")))
        sessions, events = _all(f"{url}/api/v1/sessions"), _all(f"{url}/api/v1/events")
        sim.end()
        time.sleep(SETTLE_SECONDS)
        report = BridgeReport(metrics, sessions, events, _stored(store))
        return compare_run(report, read(ledger, now), start=start, now=now, speed=speed)


def shown(rows: list[ComparisonRow]) -> str:
    """The table, and below it what is wrong."""
    cells = [
        (
            row.name,
            f"{row.reported:,.0f}",
            f"{row.expected:,.0f}",
            "FAIL" if row.mismatches else "pass",
        )
        for row in rows
    ]
    wrong = [f"{row.name}: {text}" for row in rows for text in row.mismatches]
    return "\n".join([table(("what", "bridge", "ledger", ""), cells), *wrong])


def _bridge(folder: Path, broker: str, store: str, *, web: int, page: int, speed: float) -> Child:
    environ = {
        "MQTT__URL": broker, "JOURNAL__DIR": str(folder / "data"), "INFLUX__URL": store,
        "INFLUX__ORG": "soak", "INFLUX__BUCKET": "soak", "INFLUX__TOKEN": "none",
        "WEB__LISTEN": f"127.0.0.1:{page}", "HTTP__ALLOW": "127.0.0.0/8", "HTTP__PORTS": str(web),
        **{name: f"{seconds / speed:g}s" for name, seconds in SCALED.items()},
    }  # fmt: skip
    return Child(
        [sys.executable, "-m", "bridge", "run"], log=folder / "bridge.log",
        environ={f"NOFOS_{name}": value for name, value in environ.items()},
    )  # fmt: skip


def _simulator(
    folder: Path, broker: str, ledger: Path, *, web: int, chargers: int, speed: float
) -> Child:
    options = {
        "--broker": broker, "--chargers": chargers, "--speed": speed, "--scenario": "bad-day",
        "--http-port": web, "--ledger": ledger,
    }  # fmt: skip
    words = [str(word) for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "bridge", "simulate", *words]
    return Child(command, log=folder / "simulator.log")


def _await_answer(url: str, bridge: Child) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            ask(url)
        except OSError as error:
            if time.monotonic() > deadline or not bridge.running:
                raise RuntimeError(f"no bridge:\n{bridge.log[-2000:]}") from error
            time.sleep(0.1)
        else:
            return


def _metrics(text: str) -> Iterator[tuple[str, float]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            yield name, float(value)


def _all(url: str) -> list[Mapping[str, object]]:
    """Every page of a listing, the newest first."""
    found: list[Mapping[str, object]] = []
    cursor = ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = json.loads(ask(url, {"limit": str(PAGE), **more}))
        found += page["data"]
        if not page["next"]:
            return found
        cursor = page["next"]


def _stored(store: VictoriaMetrics) -> dict[str, float]:
    """Each charger's latest total."""
    return {
        series.labels["charger"]: series.values[-1] for series in store.export("evse_energy_total")
    }


if __name__ == "__main__":
    main()
