"""Two ids at one address: who answered there first stays first, and the other is flagged."""

from bridge.core.model import ChargerId
from bridge.web.page import FleetPage
from bridge.web.view import charger_view
from tests.kit.core import Bench, restarted
from tests.kit.desk import ONE, Desk

THIEF = ChargerId("thief")
NEW = ("answers_at", "answers_since")


def steal(bench: Bench) -> None:
    """Announce the address of another charger."""
    bench.announce(THIEF, "charger/thief", topic="openevse/announce/thief", name="thief")


def behind(desk: Desk) -> list[ChargerId | None]:
    """Behind whom the charger and the thief are polled."""
    telemetries = desk.bench.registry.telemetries
    return [telemetries[charger].charger.behind for charger in (ONE, THIEF)]


def answered() -> Desk:
    """A charger that has answered a poll at its address."""
    bench = Bench()
    bench.announce()
    desk = Desk(bench)
    desk.wait(2)
    desk.answer()
    desk.wait(60)
    return desk


async def test_who_announces_the_address_of_another_is_flagged() -> None:
    desk = answered()
    steal(desk.bench)
    desk.wait(5)
    assert behind(desk) == [None, ONE]
    assert desk.shared == [(THIEF, ONE)]
    view = charger_view(desk.bench.registry.telemetries[THIEF], desk.bench.now)
    assert view["polled_behind"] == ONE
    page = await FleetPage(desk.bench.registry.telemetries).render(desk.bench.wall)
    assert f"announced the address of {ONE}" in page


def test_a_restart_does_not_change_who_was_first() -> None:
    desk = answered()
    steal(desk.bench)
    desk.wait(5)
    again = Desk(restarted(desk.bench))
    again.wait(2)
    assert behind(again) == [None, ONE]


def test_of_an_earlier_version_the_charger_that_was_polled_there_is_first() -> None:
    desk = answered()
    body = {key: each for key, each in desk.bench.saved()[ONE].items() if key not in NEW}
    bench = Bench()
    bench.restore({ONE: body})
    steal(bench)
    again = Desk(bench)
    again.wait(2)
    assert behind(again) == [None, ONE]


def test_the_flag_ends_when_the_first_one_announces_another_address() -> None:
    desk = answered()
    steal(desk.bench)
    desk.wait(5)
    desk.bench.announce(http="http://10.0.0.8/")
    desk.wait(5)
    assert behind(desk) == [None, None]


def test_a_charger_that_moves_to_an_address_is_not_first_there_for_having_answered_elsewhere() -> (
    None
):
    desk = answered()
    desk.bench.announce(THIEF, "charger/thief", http="http://10.0.0.8/")
    desk.wait(2)
    desk.bench.announce(http="http://10.0.0.8/")
    desk.wait(2)
    assert behind(desk) == [None, None]


def test_a_retired_charger_leaves_its_place() -> None:
    desk = answered()
    steal(desk.bench)
    desk.wait(5)
    desk.polling.remove(ONE)
    del desk.bench.registry.telemetries[ONE]
    desk.wait(5)
    assert desk.bench.registry.telemetries[THIEF].charger.behind is None
