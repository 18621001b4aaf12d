"""The verdict on a run at ten times speed: what it takes from the ledger, what it objects to."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.truths import Truth, read
from bench.verdict import Row, Told, verdict

START, NOW = 1_790_000_000.0, 1_790_000_900.0


def ledger(folder: Path, *rows: Mapping[str, object]) -> Path:
    path = folder / "ledger.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def said(charger: str, topic: str, payload: str) -> Mapping[str, object]:
    return {"time": START, "charger": charger, "topic": topic, "payload": payload}


def happened(event: str, at: float, **values: float) -> Mapping[str, object]:
    return {"time": at, "charger": "one", "truth": {"event": event, **values}}


def test_the_total_is_what_the_meter_has_whatever_was_said(tmp_path: Path) -> None:
    path = ledger(tmp_path, happened("meter", START, wh=5000), said("one", "a/wh", "0"),
                  happened("meter", START + 3, wh=7000))  # fmt: skip
    assert read(path, NOW) == {"one": Truth(first_wh=5000, last_wh=7000)}


def test_a_session_needs_its_beginning_and_nothing_counts_after_the_scrape(tmp_path: Path) -> None:
    path = ledger(
        tmp_path, happened("session_end", START, energy_wh=9), happened("session_start", START + 1),
        happened("session_end", START + 2, energy_wh=8), happened("crash", START + 3),
        happened("crash", NOW + 1),
    )  # fmt: skip
    found = read(path, NOW)["one"]
    assert found.sessions == [(START + 1, START + 2, 8)]
    assert found.crashes == [START + 3]


def test_two_that_announce_on_one_topic_are_left_out(tmp_path: Path) -> None:
    topic = "openevse/announce/abcd"
    path = ledger(tmp_path, said("one", topic, "{}"), said("two", topic, "{}"),
                  said("three", "openevse/announce/ef01", "{}"))  # fmt: skip
    assert list(read(path, NOW)) == ["three"]


def told(**changed: float) -> Told:
    """A bridge that has everything right of a charger; `changed` by what is counted."""
    right = {"energy": 6000.0, "faults": 1.0, "crashes": 2.0, "sessions": 1.0, "events": 2.0}
    values = right | changed
    metrics = {
        'evse_energy_joules_total{charger="one"}': values["energy"] * 3600,
        'evse_faults_total{charger="one",fault="no_ground"}': values["faults"],
        'evse_crashes_total{charger="one"}': values["crashes"],
    }
    session = {"charger": "one", "energy_wh": 900.0}
    event = {"charger": "one", "kind": "crash"}
    return Told(
        metrics, [session] * int(values["sessions"]), [event] * int(values["events"]),
        {"one": values["energy"]},
    )  # fmt: skip


def wrong(told: Told) -> list[str]:
    truth = Truth(
        first_wh=5000, last_wh=6000, sessions=[(START + 1, START + 300, 900)], faults=1,
        crashes=[START + 100, START + 400],
    )  # fmt: skip
    rows: list[Row] = verdict(told, {"one": truth}, start=START, now=NOW, speed=10)
    return [row.what for row in rows if row.wrong]


def test_a_bridge_that_has_everything_right_passes() -> None:
    assert wrong(told()) == []


@pytest.mark.parametrize(
    ("changed", "objection"),
    [
        ({"energy": 6700.0}, ["energy, Wh", "energy in the store, Wh"]),
        ({"energy": 5300.0}, ["energy, Wh", "energy in the store, Wh"]),
        ({"faults": 2.0}, ["faults"]),
        ({"crashes": 1.0}, ["crashes"]),
        ({"events": 4.0}, ["crash events"]),
        ({"sessions": 0.0}, ["sessions"]),
    ],
)
def test_each_difference_is_objected_to(changed: Mapping[str, float], objection: list[str]) -> None:
    assert wrong(told(**changed)) == objection


def test_what_a_controller_that_hangs_hides_is_not_objected_to() -> None:
    hidden = Truth(
        first_wh=5000, last_wh=7500, sessions=[(START + 1, NOW - 100, 900)], faults=1,
        crashes=[START + 100, START + 400], frozen_until=NOW - 1,
    )  # fmt: skip
    rows = verdict(told(sessions=0.0), {"one": hidden}, start=START, now=NOW, speed=10)
    assert [row.what for row in rows if row.wrong] == []
    hidden.frozen_until = 0.0
    rows = verdict(told(sessions=0.0), {"one": hidden}, start=START, now=NOW, speed=10)
    assert [row.what for row in rows if row.wrong] == [
        "energy, Wh", "energy in the store, Wh", "sessions",
    ]  # fmt: skip
