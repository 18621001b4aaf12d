"""Page and API tell of a charger what is known of it now, whichever way it came."""

import json
from pathlib import Path

from bridge.core.clock import rfc3339
from bridge.core.polling.outcome import Page
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


def test_the_columns_of_config_are_values() -> None:
    desk = charger()
    desk.speak()
    desk.wait(10)
    desk.page(Page.CONFIG, {"firmware": "7.1.3", "amplimit": 32, "diodet": 0, "espflash": 4194304})
    at = desk.bench.wall
    desk.wait(4000)

    def found(bench: Bench) -> dict[str, tuple[object, object, object]]:
        view = values_view(bench.registry.telemetries[ONE], bench.now)
        return {
            name: (each["value"], each["time"], each["source"])
            for name, each in view.items()
            if isinstance(each, dict)
        }

    told = {
        "current_limit": (32.0, rfc3339(at), "http"), "diode_check": (0, rfc3339(at), "http"),
        "flash_size": (4194304.0, rfc3339(at), "http"),
    }  # fmt: skip
    assert found(desk.bench) == told
    assert found(restarted(desk.bench, after=500.0)) == told


def test_columns_of_a_config_from_an_earlier_version_have_no_time() -> None:
    before = charger()
    before.page(Page.CONFIG, {"firmware": "7.1.3", "amplimit": 32})
    body = {key: each for key, each in before.bench.saved()[ONE].items() if key != "config_at"}
    bench = Bench()
    bench.restore({ONE: body})
    view = values_view(bench.registry.telemetries[ONE], bench.now)
    assert view == {"current_limit": {"value": 32.0, "time": None, "source": "http"}}


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
