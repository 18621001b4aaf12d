"""Page and API tell of a charger what is known of it now, whichever way it came."""

import json
from pathlib import Path

from bridge.web.page import FleetPage
from bridge.web.view import charger_view, values_view
from tests.kit.core import Bench, restarted
from tests.kit.desk import ONE, Desk
from tests.kit.polling import http, strange
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually
from tests.whole.test_fallback import STATUS, announce, polled_often


def charger() -> Desk:
    bench = Bench()
    bench.announce()
    return Desk(bench)


def told(bench: Bench) -> tuple[object, object, object]:
    found = charger_view(bench.registry.telemetries[ONE], bench.now)
    return found["up"], found["state"], found["state_code"]


async def test_a_state_that_went_stale_is_told_no_more() -> None:
    desk = charger()
    desk.speak()
    assert told(desk.bench) == (True, "charging", 3)
    assert told(restarted(desk.bench)) == (False, None, None)
    desk.wait(121)
    assert told(desk.bench) == (False, None, None)
    assert "charging</td>" not in await FleetPage(desk.bench.registry.telemetries).render(
        desk.bench.wall
    )


async def test_the_page_shows_when_a_charger_answered_a_poll_last() -> None:
    desk = charger()
    desk.speak()
    desk.wait(3600)
    desk.answer()
    page = await FleetPage(desk.bench.registry.telemetries).render(desk.bench.wall)
    assert "charging</td>" in page
    assert "<td>0 s ago</td>" in page


def test_a_charger_that_only_answered_polls_is_silent_when_it_no_longer_does() -> None:
    desk = charger()
    assert desk.bench.registry.presences()["unheard"] == 1
    desk.answer()
    desk.wait(121)
    assert desk.bench.registry.presences() == {"up": 0, "silent": 1, "offline": 0, "unheard": 0}


def test_a_total_that_a_poll_made_believed_is_in_the_api_at_once() -> None:
    desk = charger()
    for total, commands in ((5000, 1), (100, 5), (110, 15)):
        desk.speak(wh=str(total))
        desk.answer(watthour=total, comm_success=commands)
        desk.wait(30)
    found = values_view(desk.bench.registry.telemetries[ONE], desk.bench.now)["energy_total"]
    assert isinstance(found, dict)
    assert found["value"] == 5110
    assert desk.metric("energy_joules_total") == 18_396_000


async def test_a_charger_that_only_answers_polls_is_among_those_that_spoke(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with strange(http(json.dumps(STATUS))) as server:
        with Publisher(mosquitto.port) as peer:
            announce(peer, server.port)
            async with bridge(tmp_path, mosquitto.url, **polled_often(server.port)) as running:

                async def recent() -> list[object]:
                    found = await running.json("/api/v1/chargers?since=1h")
                    return list(found["data"])

                await eventually(recent, 30)
