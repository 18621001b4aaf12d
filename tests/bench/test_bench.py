"""The benchmark's own honesty: the load is what it says, and the report adds up."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from bench.accounts import unaccounted, worst_lag
from bench.broker import BenchBroker
from bench.chargers import FIELDS, fleet
from bench.child import ROOT, Child
from bench.flood import Flood, Probed
from bench.frames import publish
from bench.goal import Goal
from bench.goals import goals
from bench.large import Cost, Large
from bench.latency import Delay, Latency, delays
from bench.plan import FULL
from bench.report import BEGIN, END, put, report
from bench.results import Results
from bench.scrape import fetch, total
from bench.steady import Steady
from tests.bench.test_polling import FOUND
from tests.bench.test_queries import ASKED
from tests.kit.support import Subscriber, eventually
from tests.project.test_project import unhashed


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BenchBroker]:
    with BenchBroker(tmp_path) as server:
        yield server


async def test_the_generator_sends_what_it_says(broker: BenchBroker, tmp_path: Path) -> None:
    load = ("generator", broker.port, "--chargers", 5, "--probes", 1)
    with Subscriber(broker.port) as ear, Child.module(*load, folder=tmp_path) as generator:
        assert generator.hear() == {"announced": 6}
        assert generator.ask("greet")["messages"] == 6
        assert generator.ask("go 1700 0.5") == {"ready": 50}
        sent = generator.hear()
        assert sent["messages"] == 850
        await eventually(lambda: len(ear.received) == 6 + 6 + 850)
        heaps = [int(payload) for payload in ear.payloads("charger/probe-00000/freeram")]
        assert heaps == [number for _, number, _ in sent["probes"]]
        payload = Counter(heard.topic.rpartition("/")[2] for heard in ear.received[12:])
        assert payload == dict.fromkeys(FIELDS, 50)


async def test_the_load_is_spread_over_its_time(broker: BenchBroker, tmp_path: Path) -> None:
    load = ("generator", broker.port, "--chargers", 5)
    with Child.module(*load, folder=tmp_path) as generator:
        generator.hear()
        generator.ask("go 1700 1")
        sent = generator.hear()
    assert sent["ended"] - sent["began"] >= 0.95


def test_a_fleet_says_the_same_every_time() -> None:
    def words() -> list[bytes]:
        return [charger.frames() for _ in range(3) for charger in fleet(4)]

    assert words() == words()


def test_fields_move_from_breath_to_breath_and_some_stay() -> None:
    charger = next(each for each in fleet(20) if b"/state3" in each.greeting())
    first, second = charger.frames(), charger.frames()
    assert first != second
    assert publish(f"{charger.base}/state", b"3") in first
    assert publish(f"{charger.base}/state", b"3") in second


def test_a_long_frame_has_its_length_in_two_bytes() -> None:
    assert publish("t", b"x" * 200) == b"\x30\xcb\x01\x00\x01t" + b"x" * 200


def test_the_store_counts_lines_and_keeps_when_probes_came(tmp_path: Path) -> None:
    lines = b"evse,charger=nofos-1 heap_free=9i 1\nevse,charger=probe-1,site=x a=1,heap_free=7i 2\n"
    with Child.module("store", "--probe", "probe-", folder=tmp_path) as store:
        port = store.hear()["port"]
        wanted = Request(f"http://127.0.0.1:{port}/api/v2/write", lines, method="POST")
        with urlopen(wanted, timeout=5) as answer:
            assert answer.status == 204
        counts = json.loads(fetch(port, packed=False, path="/counts"))
        probes = json.loads(fetch(port, packed=False, path="/probes"))
    assert counts == {"requests": 1, "lines": 2, "bytes": len(lines)}
    assert [(name, number) for name, number, _ in probes] == [("probe-1", 7)]


def test_a_probe_is_there_with_its_number_or_a_later_one() -> None:
    sent = [("p", 1, 10.0), ("p", 2, 11.0), ("p", 3, 12.0), ("q", 4, 12.0)]
    seen = [("p", 2, 13.0), ("p", 2, 11.5)]
    found = delays(sent, seen)
    assert (found.count, found.lost) == (2, 2)
    assert found.worst == pytest.approx(1.5)
    assert delays(sent[1:2], seen).median == pytest.approx(0.5)


ACCOUNTS = b"""evse_bridge_readings_received_total 100.0
evse_bridge_readings_recovered 5.0
evse_bridge_readings_stored_total 90.0
evse_bridge_readings_pending 4.0
evse_bridge_readings_discarded_total{reason="alias"} 7.0
evse_bridge_readings_discarded_total{reason="bug"} 3.0
"""


def test_readings_that_went_nowhere_are_noticed() -> None:
    assert total(ACCOUNTS, "evse_bridge_readings_discarded_total") == 10
    assert unaccounted(ACCOUNTS) == 1


def test_the_worst_lag_is_that_between_two_scrapes() -> None:
    row = 'evse_bridge_loop_lag_seconds_bucket{{le="{}"}} {}\n'
    before = "".join(row.format(edge, n) for edge, n in (("0.05", 3), ("0.1", 3), ("+Inf", 4)))
    after = "".join(row.format(edge, n) for edge, n in (("0.05", 5), ("0.1", 6), ("+Inf", 7)))
    assert worst_lag(before.encode(), after.encode()) == 0.1


def results(ours: float, debian: float, missing: int = 0) -> Results:
    """A whole benchmark in which the bridge is `ours` and Debian's exporter `debian`."""
    run = Steady(ours, 20_000, 0.2, 400_000, 0, 100_000_000, 110_000_000, 0.02, 0)
    other = replace(run, lag=None, unaccounted=None)
    delay = Delay(100, 0.1, 0.5, 0.6, 0)
    probed = Probed(worst=0.03, p999=0.01, timer_worst=0.002, replies=1000)
    cost = Cost(scrapes=10, seconds=0.1, per_series=0.25, took=0.2)
    return Results(
        plan=FULL,
        place=[("CPU", "x")],
        steady={
            "nofos-bridge": [replace(run, micros=ours + shift) for shift in (-1, 0, 3)],
            "prometheus-mqtt-exporter": [replace(other, micros=debian, taken_per_second=9000)],
        },
        floods=[Flood(40_000, 30, 1_200_000, 39_990, missing, 0, 0, 0.1, 0.02, probed, 120)],
        latency=Latency(delay, delay, replace(delay, lost=1)),
        large=Large(10_000, 400_000, 1, 1, 80_000_000, 680_000_000, 700_000_000, cost, cost,
                    0.02, probed, 0, 0),
        polling=FOUND,
        queries=ASKED,
    )  # fmt: skip


def goal(found: Results, begins: str) -> Goal:
    return next(each for each in goals(found) if each.figure.startswith(begins))


def test_the_ratio_is_that_of_the_medians() -> None:
    assert goal(results(6.0, 15.0), "the same as a part of prometheus-mqtt").measured == "0.40"


def test_a_program_that_is_not_there_is_said_to_be_missing() -> None:
    found = goal(results(6.0, 15.0), "the same as a part of mqtt-exporter's")
    assert (found.measured, found.met) == ("it is not installed", None)


def test_one_lost_message_misses_the_goal() -> None:
    found = goal(results(6.0, 15.0, missing=1), "missing, unaccounted or discarded at 40,000")
    assert (found.measured, found.met) == ("1 of 1,200,000 (sent at 39,990/s)", False)


def test_a_probe_that_never_arrived_misses_the_goal() -> None:
    assert goal(results(6.0, 15.0), "message to a stored point").met is False


def test_a_prober_that_heard_nothing_misses_the_goal() -> None:
    whole = results(6.0, 15.0)
    asked = "/livez, 10,000 chargers"
    assert goal(whole, asked).met is True
    silent = replace(whole.large, probed=replace(whole.large.probed, worst=0.0, replies=0))
    assert goal(replace(whole, large=silent), asked).met is False


def test_the_report_says_who_cannot_follow_and_how_far_apart_runs_were() -> None:
    text = report(results(6.0, 15.0))
    assert "6.0 µs (5.0 to 9.0)" in text
    assert "9,000/s, cannot follow" in text


def test_who_loses_messages_does_not_follow() -> None:
    run = results(6.0, 15.0).steady["nofos-bridge"][0]
    assert run.follows(20_000)
    assert not replace(run, missing=1).follows(20_000)


def test_the_figures_go_between_the_marks(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    put("new", note)
    assert note.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_the_note_has_the_marks() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1


def test_what_it_compares_with_is_pinned_with_hashes() -> None:
    lock = (ROOT / "bench" / "requirements.lock").read_text(encoding="utf-8")
    assert "mqtt-exporter==" in lock
    assert unhashed(lock) == []
