"""The fleet page in a real browser: drawn as meant, and deaf to what chargers call themselves."""

import asyncio
from pathlib import Path

from tests.kit.png import colours
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto, chromium
from tests.kit.support import Publisher
from tests.sources.mqtt.test_hearing import announce, document, follows

OK, FAULT = (0x2A, 0x7D, 0x46), (0xB3, 0x26, 0x1E)
EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


async def test_the_page_shows_chargers_in_their_colours_and_runs_nothing_of_theirs(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    picture = tmp_path / "page.png"
    with Publisher(mosquitto.port) as peer:
        async with bridge(tmp_path, mosquitto.url) as running:
            announce(peer, "one", "charger/one", name="Depot north 1")
            announce(peer, "two", "charger/two", name=EVIL)
            await follows(running, "one", "two")
            document(peer, "charger/one", state="1")
            document(peer, "charger/two", state="6")
            await running.settled(16)
            url = f"http://127.0.0.1:{running.port}/"
            found = await asyncio.to_thread(chromium.dom, url)
            await asyncio.to_thread(chromium.shoot, url, picture, width=1200, height=500)
    assert "Depot north 1" in found
    assert "&lt;script&gt;document.title='owned'&lt;/script&gt;" in found
    assert "<title>owned" not in found
    drawn = colours(picture)
    assert drawn[OK] > 10
    assert drawn[FAULT] > 10
