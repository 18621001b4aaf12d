"""The verdict on a run at ten times speed: what it takes from the ledger, what it objects to."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.stays import ReportedSession, SessionComparison, SimulatedSession, compare
from bench.truths import Truth, read
from bench.verdict import BridgeReport, ComparisonRow, compare_run

START, NOW = 1_790_000_000.0, 1_790_000_900.0


def ledger(folder: Path, *rows: Mapping[str, object]) -> Path:
    path = folder / "ledger.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def published(charger: str, topic: str, payload: str, at: float = START) -> Mapping[str, object]:
    return {"time": at, "charger": charger, "topic": topic, "payload": payload}


def happened(event: str, at: float, **values: float) -> Mapping[str, object]:
    return {"time": at, "charger": "one", "truth": {"event": event, **values}}


def test_the_total_is_what_the_meter_has_whatever_was_said(tmp_path: Path) -> None:
    path = ledger(tmp_path, happened("meter", START, wh=5000), published("one", "a/wh", "0"),
                  happened("meter", START + 3, wh=7000))  # fmt: skip
    assert read(path, NOW) == {"one": Truth(first_wh=5000, last_wh=7000)}


def test_a_session_needs_its_beginning_and_nothing_counts_after_the_scrape(tmp_path: Path) -> None:
    path = ledger(
        tmp_path, happened("session_end", START, energy_wh=9), happened("session_start", START + 1),
        happened("session_end", START + 2, energy_wh=8), happened("crash", START + 3),
        happened("crash", NOW + 1),
    )  # fmt: skip
    found = read(path, NOW)["one"]
    assert found.stays == [SimulatedSession(0, START, 9), SimulatedSession(START + 1, START + 2, 8)]
    assert found.crashes == [START + 3]


def test_a_car_that_left_is_told_where_the_charger_said_so_before_the_next_one_left(
    tmp_path: Path,
) -> None:
    state = "charger/one/state"
    path = ledger(
        tmp_path, published("one", state, "1"), happened("session_start", START + 1),
        happened("session_end", START + 2, energy_wh=8), published("one", state, "2", START + 3),
        happened("session_start", START + 4), published("one", state, "1", START + 5),
        happened("session_end", START + 6, energy_wh=8), published("one", state, "3", START + 7),
        happened("session_start", START + 8),
    )  # fmt: skip
    assert [stay.reported for stay in read(path, NOW)["one"].stays] == [True, False, False]


def test_two_that_announce_on_one_topic_are_left_out(tmp_path: Path) -> None:
    topic = "openevse/announce/abcd"
    path = ledger(tmp_path, published("one", topic, "{}"), published("two", topic, "{}"),
                  published("three", "openevse/announce/ef01", "{}"))  # fmt: skip
    assert list(read(path, NOW)) == ["three"]


def report(**changed: float) -> BridgeReport:
    """A bridge that has everything right of a charger; `changed` by what is counted."""
    right = {"energy": 6000.0, "faults": 1.0, "crashes": 2.0, "sessions": 1.0, "events": 2.0,
             "session_wh": 900.0}  # fmt: skip
    values = right | changed
    metrics = {
        'evse_energy_joules_total{charger="one"}': values["energy"] * 3600,
        'evse_faults_total{charger="one",fault="no_ground"}': values["faults"],
        'evse_crashes_total{charger="one"}': values["crashes"],
    }
    session = {
        "charger": "one", "energy_wh": values["session_wh"],
        "start": "2026-09-21T14:13:21.000Z", "end": "2026-09-21T14:18:20.000Z",
    }  # fmt: skip
    event = {"charger": "one", "kind": "crash"}
    return BridgeReport(
        metrics, [session] * int(values["sessions"]), [event] * int(values["events"]),
        {"one": values["energy"]},
    )  # fmt: skip


def wrong(report: BridgeReport) -> list[str]:
    truth = Truth(
        first_wh=5000,
        last_wh=6000,
        stays=[SimulatedSession(START + 1, START + 300, 900, reported=True)],
        faults=1,
        crashes=[START + 100, START + 400],
    )  # fmt: skip
    rows: list[ComparisonRow] = compare_run(report, {"one": truth}, start=START, now=NOW, speed=10)
    return [row.name for row in rows if row.mismatches]


def test_a_bridge_that_has_everything_right_passes() -> None:
    assert wrong(report()) == []


@pytest.mark.parametrize(
    ("changed", "objection"),
    [
        ({"energy": 6700.0}, ["energy, Wh", "energy in the store, Wh"]),
        ({"energy": 5300.0}, ["energy, Wh", "energy in the store, Wh"]),
        ({"faults": 2.0}, ["faults"]),
        ({"crashes": 1.0}, ["crashes"]),
        ({"events": 4.0}, ["crash events"]),
        ({"sessions": 0.0}, ["sessions"]),
        ({"sessions": 2.0}, ["sessions", "sessions' energy, Wh"]),
        ({"session_wh": 590.0}, ["sessions' energy, Wh"]),
    ],
)
def test_each_difference_is_objected_to(changed: Mapping[str, float], objection: list[str]) -> None:
    assert wrong(report(**changed)) == objection


def test_what_a_controller_that_hangs_hides_is_not_objected_to() -> None:
    hidden = Truth(
        first_wh=5000, last_wh=7500, stays=[SimulatedSession(START + 1, NOW - 100, 900)], faults=1,
        crashes=[START + 100, START + 400], frozen_until=NOW - 1,
    )  # fmt: skip
    rows = compare_run(report(sessions=0.0), {"one": hidden}, start=START, now=NOW, speed=10)
    assert [row.name for row in rows if row.mismatches] == []
    hidden.frozen_until = 0.0
    hidden.stays[0].reported = True
    rows = compare_run(report(sessions=0.0), {"one": hidden}, start=START, now=NOW, speed=10)
    assert [row.name for row in rows if row.mismatches] == [
        "energy, Wh", "energy in the store, Wh", "sessions",
    ]  # fmt: skip


def compared(stays: list[SimulatedSession], *sessions: ReportedSession) -> SessionComparison:
    return compare(stays, sessions, due=1000, slack=5)


ONE, OTHER = SimulatedSession(100, 200, 10), SimulatedSession(210, 300, 20, reported=True)
AFTER = SimulatedSession(400, 500, 40, reported=True)


@pytest.mark.parametrize(
    "sessions",
    [
        [ReportedSession(100, 300, 30), ReportedSession(401, 505, 40)],
        [
            ReportedSession(100, 200, 10),
            ReportedSession(210, 300, 20),
            ReportedSession(400, 500, 40),
        ],
    ],
)
def test_two_cars_that_the_charger_never_told_apart_may_be_one(
    sessions: list[ReportedSession],
) -> None:
    found = compared([ONE, OTHER, AFTER], *sessions)
    assert (found.expected, found.found, found.unexpected) == (2, 2, 0)
    assert (found.expected_wh, found.reported_wh, found.stays) == (70, 70, 3)


def test_a_session_where_there_was_none_or_one_too_many_is_invented() -> None:
    assert (
        compared([AFTER], ReportedSession(100, 200, 1), ReportedSession(400, 500, 40)).unexpected
        == 1
    )
    assert (
        compared([AFTER], ReportedSession(400, 450, 20), ReportedSession(450, 500, 20)).unexpected
        == 1
    )


def test_what_began_before_lasts_or_ended_a_moment_ago_is_not_owed() -> None:
    stays = [
        SimulatedSession(0, 50, 5, reported=True),
        SimulatedSession(990, 1001, 7, reported=True),
        SimulatedSession(1100),
    ]
    found = compared(stays, ReportedSession(1, 50, 3))
    assert (found.expected, found.found, found.reported_wh, found.unexpected) == (0, 0, 0, 0)


def test_a_session_that_is_owed_and_not_told_is_missed() -> None:
    found = compared([AFTER])
    assert (found.expected, found.found, found.expected_wh) == (1, 0, 0)
