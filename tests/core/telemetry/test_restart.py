"""What was told before a restart of the bridge is not told again after it."""

import pytest

from tests.kit.core import Bench, restarted
from tests.kit.desk import Desk


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.announce()
    return bench


def in_milliamperes(bench: Bench) -> list[tuple[str, int, str]]:
    """Three samples of a charger whose currents contradict its dialect; the events."""
    for _ in range(3):
        values = (("state", "3"), ("pilot", "16"), ("amp1", "16000"))
        bench.hear(*((f"charger/one/{wire}", value) for wire, value in values))
        bench.wait(30)
    return bench.events()


def on_two_bases(bench: Bench) -> list[tuple[str, int, str]]:
    """Two devices with one id speak; the events."""
    for _ in range(6):
        bench.hear(("charger/one/amp", "16"), ("charger/two/amp", "3"))
        bench.wait(30)
    return bench.events()


def by_turns(bench: Bench) -> list[tuple[str, int, str]]:
    """Two units with one client id kick each other off; the events."""
    for _ in range(10):
        bench.announce("def456", None)
        bench.wait(5)
        bench.announce("abc123", None)
        bench.wait(5)
    return bench.events()


def test_a_suspect_unit_is_told_once(bench: Bench) -> None:
    assert in_milliamperes(bench) == [
        ("unit_suspect", 1, "currents contradict dialect nofos"),
    ]
    again = restarted(bench)
    assert again.metrics()['evse_unit_suspect{charger="abc123"}'] == 1
    assert in_milliamperes(again) == []


def test_two_devices_with_one_id_are_told_once(bench: Bench) -> None:
    bench.announce(base="charger/two", topic="openevse/announce/two")
    assert on_two_bases(bench) == [
        ("duplicate", 1, "charger/one and charger/two both speak"),
    ]
    again = restarted(bench)
    assert again.metrics()['evse_duplicate{charger="abc123"}'] == 1
    assert on_two_bases(again) == []


def test_two_that_take_turns_on_an_announce_topic_are_told_once_each(bench: Bench) -> None:
    assert by_turns(bench) == [
        ("duplicate", 1, "announce topic openevse/announce/c123 alternates with def456"),
        ("duplicate", 1, "announce topic openevse/announce/c123 alternates with abc123"),
    ]
    again = restarted(bench)
    assert by_turns(again) == []
    again.wait(90_000)
    assert len(by_turns(again)) == 2


def answers_alone(desk: Desk) -> list[str]:
    """Three minutes of a charger that is heard over HTTP alone; the paths that were told."""
    for _ in range(6):
        desk.wait(30)
        desk.answer()
    return desk.paths()


def test_a_path_that_goes_on_is_told_once(bench: Bench) -> None:
    desk = Desk(bench)
    desk.speak()
    assert answers_alone(desk) == ["http"]
    again = Desk(restarted(bench))
    again.answer()
    assert again.source() == "http"
    assert answers_alone(again) == []


def test_a_path_that_changed_while_the_bridge_was_away_is_told(bench: Bench) -> None:
    desk = Desk(bench)
    desk.speak()
    answers_alone(desk)
    again = Desk(restarted(bench))
    again.speak()
    again.wait(2)
    assert again.source() == "mqtt"
    assert again.paths() == ["mqtt"]


def test_a_charger_that_answers_before_it_speaks_has_changed_no_path(bench: Bench) -> None:
    desk = Desk(bench)
    desk.wait(2)
    desk.answer()
    desk.wait(2)
    assert desk.source() == "http"
    desk.speak()
    desk.wait(2)
    assert desk.source() == "mqtt"
    assert desk.paths() == []


def by_one_base(bench: Bench) -> list[tuple[str, int, str]]:
    """Two units with one base, of which one goes and comes; the events of kind duplicate."""
    for _ in range(10):
        bench.announce("def456", topic="openevse/announce/d456")
        bench.wait(5)
        bench.announce("def456", None, topic="openevse/announce/d456", state="disconnected")
        bench.wait(5)
    bench.announce("def456", topic="openevse/announce/d456")
    return [event for event in bench.events() if event[0] == "duplicate"]


def test_two_that_share_a_base_are_told_once_each(bench: Bench) -> None:
    assert by_one_base(bench) == [
        ("duplicate", 1, "base charger/one is claimed by def456 too"),
        ("duplicate", 1, "base charger/one is claimed by abc123 too"),
    ]
    again = restarted(bench)
    assert again.metrics()['evse_duplicate{charger="abc123"}'] == 1
    assert by_one_base(again) == []
    again.wait(90_000)
    assert len(by_one_base(again)) == 2
