"""A bridge that is killed again and again under load: what it loses, and what it keeps.

A reading waits for its frame to end (0.25 s of quiet, looked at every 0.05 s) and for the
next commit (0.7 s and what the disk takes): a second, where the machine has time for it.
So no kill may cost more than that second and a margin for a machine that is busy with
other things, and all but one not more than the second and a little.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.lives import Life, Line, copied, integrity, journal_lines, rows
from tests.kit.load import STATES, Load
from tests.kit.power import PowerSite
from tests.kit.servers import Mosquitto, VictoriaMetrics
from tests.kit.support import eventually

RATE = 10_000
KILLS = 20
POWER_CUTS = 4
SHORT, LONG = (0.3, 1.3), (1.3, 2.4)
"""Seconds that a life continues after it has heard all, in turn; a long one can lose more than
it may."""
SECOND = 1.0
BUSY_MARGIN = 1.0
LATEST = 5.0
"""Seconds from a publish to its stamp, on the busiest machine."""
USUAL_MARGIN = 0.2
NUMBER: Mapping[str, Callable[[float], int]] = {
    "energy": lambda value: round(value) - 1000,
    "current_1": lambda value: round(value * 100),
    "voltage_1": lambda value: round((value - 100) * 10),
    "pilot": lambda value: round(value * 10),
    "temp1": lambda value: round(value * 10),
    "temp4": lambda value: round(value * 10) - 100,
    "heap_free": lambda value: round(value) - 90_000,
    "session_elapsed": round,
    "session_energy": round,
}
"""Which document a stored value comes from."""


@dataclass(frozen=True, slots=True)
class Span:
    """A life that heard: from when on for certain, and until when."""

    heard: float
    killed: float


class Watch:
    """The counters of all chargers: none may fall, whoever shows it."""

    def __init__(self) -> None:
        self.highest: dict[str, float] = {}

    def look(self, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            if "_total{charger=" in name:
                assert value >= self.highest.get(name, 0), name
                self.highest[name] = value


async def live(life: Life, watch: Watch, chargers: int, seconds: float) -> Span:
    """Wait until it hears all chargers, let it live on, kill it."""

    def hears_all() -> bool:
        metrics = life.metrics()
        watch.look(metrics)
        return sum(name.startswith("evse_pilot_amperes{") for name in metrics) == chargers

    await eventually(hears_all, 30, every=0.1)
    heard = time.time()
    await asyncio.sleep(seconds / 2)
    watch.look(life.metrics())
    await asyncio.sleep(max(0.0, heard + seconds - time.time()))
    return Span(heard, life.kill())


@pytest.fixture
def load(mosquitto: Mosquitto) -> Iterator[Load]:
    with Load(mosquitto.port, rate=RATE) as load:
        yield load


@pytest.mark.timeout(400)
async def test_twenty_kills_under_load_cost_a_second_each_and_nothing_else(
    mosquitto: Mosquitto, victoria: VictoriaMetrics, load: Load, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  # pytest shows it where the test fails
    chance, watch, spans = random.Random(seed), Watch(), list[Span]()
    data = tmp_path / "data"
    settings = {"INFLUX__URL": victoria.url, "INFLUX__BUCKET": "evse"}
    for number in range(KILLS):
        with Life(tmp_path, mosquitto.url, **settings) as life:
            if number % 5 == 4:
                await asyncio.sleep(chance.uniform(0.2, 1.2))
            else:
                # The first one lives long enough to keep whom it met.
                seconds = chance.uniform(*(SHORT if number % 2 else LONG))
                row = await eventually(life.started, 30)
                assert row is not None
                assert row["chargers"] == (len(load.chargers) if number else 0)
                spans.append(await live(life, watch, len(load.chargers), seconds))
        with copied(data, tmp_path / "look") as files:
            assert integrity(files) == {"points.db": "ok", "state.db": "ok"}
        assert not list(data.glob("*.damaged-*"))
    with Life(tmp_path, mosquitto.url, **settings) as life:
        await live_until_stored(life, watch, load)
    lines = journal_lines(data)
    assert_stamps_increase(lines)
    assert_as_published(lines, load)
    assert_sessions_are_known(lines, data)
    assert_stored_once(lines, victoria)
    assert_lost_at_most_a_second(lines, load, spans)


PLAIN = ("evse_rapi_commands_total", "evse_rapi_successes_total")
"""The gateway's own counters, which begin again with each boot."""


@pytest.mark.timeout(200)
@pytest.mark.parametrize(("mqtt", "http"), [(True, False), (False, True), (True, True)])
async def test_no_counter_falls_where_the_power_of_bridge_and_chargers_is_cut(
    mosquitto: Mosquitto, tmp_path: Path, mqtt: bool, http: bool
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  # pytest shows it where the test fails
    chance, watch, energies = random.Random(seed), Watch(), 0
    with PowerSite(mosquitto.port, chargers=8, mqtt=mqtt, http=http, seed=seed) as site:
        settings = {
            "HTTP__ENABLED": str(http).lower(), "HTTP__ALLOW": "127.0.77.0/24",
            "HTTP__PORTS": str(site.port), "HTTP__MIN_GAP": "1s", "HTTP__FALLBACK_EVERY": "1s",
            "HTTP__ENRICH_EVERY": "2s", "FLEET__SILENT_AFTER": "2s",
        }  # fmt: skip
        for _ in range(POWER_CUTS):
            with Life(tmp_path, mosquitto.url, **settings) as life:
                await eventually(life.started, 30)
                energies = 0
                end = time.monotonic() + chance.uniform(2.0, 6.0)
                while time.monotonic() < end or not energies:
                    metrics = life.metrics()
                    watch.look({n: v for n, v in metrics.items() if not n.startswith(PLAIN)})
                    energies = sum(n.startswith("evse_energy_joules_total{") for n in metrics)
                    await asyncio.sleep(0.1)
            site.cut()
    assert energies == 8
    if http:
        shown = {name.split("{")[0] for name, value in watch.highest.items() if value}
        assert {"evse_boots_total", "evse_gfci_trips_total", "evse_crashes_total"} <= shown


async def live_until_stored(life: Life, watch: Watch, load: Load) -> None:
    """A last run, from whose first reading on nothing is published any more."""
    await eventually(life.started, 30)
    load.stop()

    def stored() -> bool:
        metrics = life.metrics()
        watch.look(metrics)
        return not any(metrics[f"evse_bridge_{name}"] for name in (
            "readings_pending", 'points_pending{store="main"}'))  # fmt: skip

    await eventually(stored, 30, every=0.2)
    await eventually(stored, 30, every=0.2)


def assert_stamps_increase(lines: Iterable[Line]) -> None:
    last: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        key = (line.measurement, line.charger)
        assert line.stamp > last[key], line
        last[key] = line.stamp


def assert_as_published(lines: Iterable[Line], load: Load) -> None:
    """Each value was published, just before its stamp, and is there once."""
    seen = Counter[tuple[str, str, int]]()
    for line in lines:
        numbers = numbers_of(line)
        if not numbers:
            continue
        sent = [load.ledger[line.charger][n] for n in numbers.values()]
        assert max(numbers.values()) - min(numbers.values()) <= 1, line
        assert min(each.before for each in sent) <= line.stamp / 1000 + 0.001, line
        assert line.stamp / 1000 <= min(each.after for each in sent) + LATEST, line
        state = int(line.fields.get("state_code", "-1i")[:-1])
        assert state in {-1, *(STATES[n % len(STATES)] for n in numbers.values())}, line
        seen.update((line.charger, column, n) for column, n in numbers.items())
    assert set(seen.values()) == {1}


def numbers_of(line: Line) -> dict[str, int]:
    """Which document each value of a point comes from."""
    if line.measurement != "evse":
        return {}
    return {
        column: NUMBER[column](float(text.rstrip("i")))
        for column, text in line.fields.items()
        if column in NUMBER
    }


def assert_sessions_are_known(lines: Iterable[Line], data: Path) -> None:
    """A session ends once; of events, the stores get all that the bridge knows, once each."""
    sessions = Counter(
        (line.charger, line.fields["start"]) for line in lines if line.measurement == "evse_charge"
    )
    assert sessions
    assert set(sessions.values()) == {1}
    told = Counter(
        (line.charger, line.tags, line.fields["code"])
        for line in lines
        if line.measurement == "evse_event"
    )
    known = Counter(
        (charger, f",kind={kind}", f"{code}i")
        for charger, kind, code in rows(data / "state.db", "SELECT charger, kind, code FROM events")
    )
    assert told
    assert told == known, (told - known, known - told)


def assert_stored_once(lines: Iterable[Line], victoria: VictoriaMetrics) -> None:
    """The store has exactly the numbers of the journal; it keeps 15 digits of each."""
    kept = Counter(
        (
            line.charger,
            f"{line.measurement}_{column}",
            line.stamp,
            round(float(text.rstrip("i")), 6),
        )
        for line in lines
        for column, text in line.fields.items()
        if line.measurement == "evse"
    )
    stored = Counter(
        (series.labels["charger"], series.name, stamp, round(value, 6))
        for series in victoria.export('{charger!=""}')
        for stamp, value in zip(series.timestamps, series.values, strict=True)
        if not series.name.startswith(("evse_event_", "evse_charge_"))
    )
    assert kept - stored == Counter()
    assert stored - kept == Counter()


def assert_lost_at_most_a_second(lines: Iterable[Line], load: Load, spans: Sequence[Span]) -> None:
    """Of what was published while a bridge heard, the kill took the last second at most."""
    there = {(line.charger, c, n) for line in lines for c, n in numbers_of(line).items()}
    missing = [
        sent.before
        for charger, documents in load.ledger.items()
        for n, sent in enumerate(documents)
        if any((charger, column, n) not in there for column in NUMBER)
    ]
    lost = sorted(
        span.killed - min((at for at in missing if span.heard <= at <= span.killed),
                          default=span.killed)
        for span in spans
    )  # fmt: skip
    assert lost[-1] <= SECOND + BUSY_MARGIN, lost
    assert sum(each > SECOND + USUAL_MARGIN for each in lost) <= len(lost) // 10, lost
    print("lost, in seconds:", *(f"{each:.2f}" for each in lost))  # noqa: T201  # as the seed
