"""Simulator to Mosquitto to bridge to VictoriaMetrics: the store against the ledger.

The simulator shares no code with the bridge, and the conversions here are written out once
more, so that a wrong scale cannot cancel out.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.sim.run import SimOptions, simulate
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.servers.victoria import Series
from tests.kit.support import eventually

COLUMNS = {
    "amp1": "current_1", "amp2": "current_2", "amp3": "current_3", "v1": "voltage_1",
    "v2": "voltage_2", "v3": "voltage_3", "pilot": "pilot", "wh": "energy",
    "state": "state_code", "freeram": "heap_free", "srssi": "rssi", "temp1": "temp1",
    "temp4": "temp4", "charge_rate": "charge_rate", "available_current": "available_current",
    "smoothed_available_current": "smoothed_available_current",
}  # fmt: skip
PER = {"temp1": 10, "temp4": 10}


@dataclass(frozen=True)
class Said:
    """One message of the ledger."""

    charger: str
    key: str
    payload: str
    time: float


def ledger(path: Path) -> list[Said]:
    """All telemetry that was published, in order."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        topic = row.get("topic", "")
        if topic and not topic.startswith("openevse/announce/") and not row["retain"]:
            found.append(Said(row["charger"], topic.split("/")[2], row["payload"], row["time"]))
    return found


def expected(said: list[Said]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Values and times by charger and column."""
    found = defaultdict(list)
    for each in said:
        if each.key not in COLUMNS or each.payload == "false":
            continue
        value = float(each.payload) / PER.get(each.key, 1)
        if each.key in {"v1", "v2", "v3"} and value == 0:
            continue
        found[each.charger, COLUMNS[each.key]].append((value, each.time))
    return found


def second_names(said: list[Said]) -> dict[tuple[str, str], set[float]]:
    """What `amp` and `voltage` said: stored where a document was cut before amp1 or v1 came."""
    found = defaultdict(set)
    for each in said:
        column = {"amp": "current_1", "voltage": "voltage_1"}.get(each.key)
        if column:
            found[each.charger, column].add(float(each.payload))
    return found


def stored(series: list[Series]) -> dict[tuple[str, str], Series]:
    return {(s.labels["charger"], s.name.removeprefix("evse_")): s for s in series}


async def everything(victoria: VictoriaMetrics) -> dict[tuple[str, str], Series]:
    """What the store holds, once two looks at it agree; a new series is shown late."""
    last: list[Series] = []

    def steady() -> bool:
        before, last[:] = list(last), victoria.export('{__name__=~"evse_.+"}')
        return bool(last) and before == last

    await eventually(steady, every=0.5)
    return stored(last)


async def play(broker: Mosquitto, seconds: float, **options: object) -> None:
    given: Mapping[str, object] = {"chargers": 12, "speed": 10.0, "seed": 7, **options}
    await simulate(SimOptions(broker=broker.url, duration=seconds, **given))  # type: ignore[arg-type]


def store(victoria: VictoriaMetrics) -> dict[str, str]:
    return {"INFLUX__URL": victoria.url, "INFLUX__BUCKET": "evse", "FLEET__FRAME_GAP": "1s"}


async def test_every_value_that_was_published_is_stored_as_it_was(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.jsonl"
    async with bridge(tmp_path, mosquitto.url, **store(victoria)) as running:
        await play(mosquitto, 2)
        before = (await running.settled(1))["evse_bridge_readings_received_total"]
        victoria_before = await everything(victoria)
        await play(mosquitto, 8, ledger=path)
        said = ledger(path)
        metrics = await running.settled(int(before) + len(said))
    assert metrics["evse_bridge_readings_received_total"] - before == len(said)
    wanted, found = expected(said), await everything(victoria)
    assert len({charger for charger, _ in wanted}) == 12
    seconds = second_names(said)
    for key, values in wanted.items():
        before_it = len(victoria_before[key].values) if key in victoria_before else 0
        _compare(values, found[key], before_it, seconds.get(key, set()))
    columns = {column for _, column in wanted}
    extra = {column for charger, column in found if column not in columns}
    assert extra <= {
        "power", "energy_total", "polled", "event_code", "charge_start", "charge_charging_s",
        "charge_plugged_s", "charge_energy_wh", "charge_peak_a", "charge_peak_w",
        "charge_doubtful",
    }  # fmt: skip


def _compare(
    values: list[tuple[float, float]], series: Series, skip: int, seconds: set[float]
) -> None:
    """Each value once, in order, stamped near its publishing; between them at most values
    under their second name, where a document was cut in two."""
    waiting = list(values)
    for value, stamp in zip(series.values[skip:], series.timestamps[skip:], strict=True):
        if waiting and value == pytest.approx(waiting[0][0], rel=1e-9):
            assert -2.1 < stamp / 1000 - waiting.pop(0)[1] < 10
        else:
            assert any(value == pytest.approx(second, rel=1e-9) for second in seconds)
    assert waiting == []


async def test_power_is_what_the_phases_say(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    async with bridge(tmp_path, mosquitto.url, **store(victoria)) as running:
        await play(mosquitto, 6)
        await running.settled(1)
    found = await everything(victoria)
    checked = 0
    for (charger, column), power in found.items():
        if column != "power":
            continue
        watts: dict[int, float] = defaultdict(float)
        for phase in "123":
            volts = found.get((charger, f"voltage_{phase}"))
            at = dict(zip(volts.timestamps, volts.values, strict=True)) if volts else {}
            amps = found[charger, f"current_{phase}"]
            for stamp, value in zip(amps.timestamps, amps.values, strict=True):
                if stamp in at:
                    watts[stamp] += value * at[stamp]
        for stamp, value in zip(power.timestamps, power.values, strict=True):
            assert value == pytest.approx(watts[stamp], rel=1e-6, abs=1e-6)
            checked += value > 0
    assert checked > 10


async def test_a_bad_day_loses_nothing_that_is_not_counted(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    options = {"scenario": "bad-day", "chargers": 28, "speed": 20.0}
    async with bridge(tmp_path, mosquitto.url, **store(victoria)) as running:
        playing = asyncio.create_task(play(mosquitto, 10, **options))
        scrapes = 0
        while not playing.done():
            await running.metrics()
            scrapes += 1
            await asyncio.wait({playing}, timeout=0.2)
        await playing
        metrics = await running.settled(500)
        assert scrapes > 20
        assert metrics['evse_bridge_readings_discarded_total{reason="bug"}'] == 0
        assert metrics['evse_bridge_readings_discarded_total{reason="disk"}'] == 0
        for reason in ("not_telemetry", "command", "implausible", "ambiguous"):
            name = f'evse_bridge_readings_discarded_total{{reason="{reason}"}}'
            assert metrics[name] > 0, reason
        assert sum(n for name, n in metrics.items() if name.startswith("evse_faults_total")) > 0


async def test_the_ancestors_milliamperes_and_tenths_end_in_the_same_units(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, tmp_path: Path
) -> None:
    async with bridge(
        tmp_path, mosquitto.url, FLEET__DIALECT="ancestor", **store(victoria)
    ) as running:
        await play(mosquitto, 7, scenario="ancestor")
        await running.settled(1)
    found = await everything(victoria)
    currents = [v for (_, column), s in found.items() if column == "current_1" for v in s.values]
    degrees = [v for (_, column), s in found.items() if column == "temp1" for v in s.values]
    assert 1 < max(currents) < 80
    assert degrees
    assert all(-20 < value < 90 for value in degrees)


async def test_energy_never_falls_at_any_scrape_of_a_bad_day(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    last: dict[str, float] = {}

    def rises(metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            if name.split("{")[0] in {"evse_energy_joules_total", "evse_faults_total"}:
                assert value >= last.get(name, 0), name
                last[name] = value

    options = {"scenario": "bad-day", "chargers": 14, "speed": 30.0}
    for seed in (1, 2):
        async with bridge(tmp_path, mosquitto.url) as running:
            playing = asyncio.create_task(play(mosquitto, 4, seed=seed, **options))
            while not playing.done():
                rises(await running.metrics())
                await asyncio.wait({playing}, timeout=0.2)
            await playing
            await eventually(lambda: bool(last))
    assert len(last) > 14
