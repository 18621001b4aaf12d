"""The bench of polls: its chargers say what the guide says, and its figures add up."""

import json
from collections import Counter
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from bench.child import Child
from bench.device import MEMBERS, BenchDevice
from bench.plan import FULL
from bench.polling import PollingBench, announcement, longest, result, settings
from bench.polling_goals import polling_goals
from bench.rig import Sample
from bench.usage import Usage
from bench.webs import address
from bridge.core.clock import Unix
from bridge.core.fields.status import StatusReader
from bridge.core.model import Dialect, Reason
from bridge.core.polling.document import read_document
from bridge.core.polling.outcome import Page
from tests.kit.servers.process import free_port

FOUND = PollingBench(
    chargers=10_000, polled=10_000, polls=30_000, every=60.0, worst_gap=63.0, stretch=1.0,
    cpu_per_poll=0.0011, cores=0.25, cores_without=0.06, rate=4000, missing=0, unaccounted=0,
    lag=0.05, resident=400_000_000, resident_without=300_000_000,
)  # fmt: skip


def asked(port: int, number: int, path: str = "/status") -> tuple[int, bytes]:
    connection = HTTPConnection(address(number), port, timeout=5)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_every_charger_answers_at_its_own_address_and_keeps_when(tmp_path: Path) -> None:
    port = free_port()
    with Child.module("webs", port, "--chargers", 3, folder=tmp_path) as webs:
        assert webs.hear() == {"listening": 3}
        status, body = asked(port, 1)
        asked(port, 1)
        asked(port, 2)
        missing, _ = asked(port, 0, "/config")
        times = webs.ask("times")["times"]
    assert (status, missing) == (200, 404)
    assert json.loads(body)["ipaddress"] == "127.1.0.2"
    assert [len(each) for each in times] == [0, 2, 1]
    assert times[1][0] < times[1][1] < times[2][0]


def test_addresses_are_all_different_and_all_loopback() -> None:
    found = {address(number) for number in range(10_000)}
    assert len(found) == 10_000
    assert (address(0), address(250), address(9999)) == ("127.1.0.1", "127.1.1.1", "127.1.39.250")


def test_the_document_is_one_that_the_bridge_reads_in_full() -> None:
    device = BenchDevice(7, "127.1.0.8")
    body = device.answer().partition(b"\r\n\r\n")[2]
    document = read_document(body, Page.STATUS)
    assert isinstance(document, dict)
    assert len(document) == MEMBERS == 48
    status = StatusReader(Dialect.NOFOS, None).read(document, Unix(1.8e9))
    reasons = Counter(reason for _, reason in status.discarded)
    assert reasons[Reason.IMPLAUSIBLE] == reasons[Reason.MALFORMED] == 0
    assert len(status.parts) >= 36


def test_energy_grows_and_currents_move_from_poll_to_poll() -> None:
    device = BenchDevice(7, "127.1.0.8")
    first, second = device.document(1e9), device.document(1e9 + 60)
    assert second["wh"] > first["wh"]  # type: ignore[operator]  # both are numbers
    assert second["amp1"] != first["amp1"]
    assert second["boot_count"] == first["boot_count"]


def test_an_announcement_has_an_address_once_there_is_a_port() -> None:
    topic, first = announcement(3, None)
    assert topic == "openevse/announce/polled-00003"
    assert "http" not in json.loads(first)
    assert json.loads(announcement(3, 8080)[1])["http"] == "http://127.1.0.4:8080/"


def test_the_bridge_polls_loopback_as_often_as_planned() -> None:
    found = settings(FULL.polls, 8080)
    assert found["NOFOS_HTTP__ALLOW"] == "127.0.0.0/8"
    assert found["NOFOS_HTTP__PORTS"] == "8080"
    assert found["NOFOS_HTTP__FALLBACK_EVERY"] == "60s"


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([90.0, 150.0, 210.0], 70.0),  # the last wait is going on
        ([50.0, 120.0, 180.0, 240.0, 279.0], 70.0),  # began before the window
        ([110.0, 200.0, 260.0], 90.0),
        ([105.0, 165.0, 225.0, 280.0, 390.0], 60.0),  # what comes after tells nothing
        ([], 180.0),
    ],
)
def test_the_longest_wait_is_told_where_it_reaches_into_the_window(
    times: list[float], seconds: float
) -> None:
    assert longest(times, 100.0, 280.0) == seconds


def moment(at: float, cpu: float, heard: int, text: str = "") -> Sample:
    return Sample(Usage(at, cpu, 5, 6), heard, text.encode())


def test_what_the_traffic_takes_without_polls_is_not_the_polls() -> None:
    metrics = 'evse_bridge_poll_stretch_ratio 1.5\nevse_bridge_polls_total{outcome="ok"} 5\n'
    times = [[40.0, 95.0, 110.0, 170.0], [90.0, 130.0, 190.0], [95.0, 205.0]]
    found = result(
        replace(FULL.polls, chargers=3),
        times,
        (moment(0.0, 1.0, 0), moment(20.0, 2.0, 80)),
        (moment(100.0, 10.0, 480), moment(200.0, 25.0, 900, metrics)),
        (moment(0.0, 0.0, 0), moment(210.0, 26.0, 1000 + 5 * 48, metrics), 1001),
    )
    assert (found.polled, found.polls, found.stretch) == (2, 4, 1.5)
    assert (found.cores_without, found.cores) == (0.05, 0.15)
    assert found.cpu_per_poll == pytest.approx(2.5)
    assert found.worst_gap == 105.0
    assert found.missing == 1


def met(found: PollingBench) -> list[bool | None]:
    return [goal.met for goal in polling_goals(found)]


def test_each_figure_has_its_own_goal() -> None:
    assert met(FOUND) == [True, True, True, True, True, None]
    assert met(replace(FOUND, worst_gap=72.1))[1] is False
    assert met(replace(FOUND, cpu_per_poll=0.00151))[2] is False
    assert met(replace(FOUND, missing=-1))[3] is False
    assert met(replace(FOUND, unaccounted=1))[3] is False
    assert met(replace(FOUND, lag=0.1))[4] is False


def test_who_was_not_polled_misses_the_goal_and_is_not_cheap() -> None:
    assert met(replace(FOUND, polled=9999))[:3] == [False, True, False]
