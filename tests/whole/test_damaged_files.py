"""A whole bridge on files with a flipped bit: it starts, hears and delivers."""

import random
import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.kit.influx_standin import InfluxStandin
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce, document, follows
from tests.storage.fuzz import flips


@pytest.mark.timeout(120)
async def test_five_flipped_bits_stop_no_bridge(mosquitto: Mosquitto, tmp_path: Path) -> None:
    original, place = tmp_path / "original" / "data", tmp_path / "run"
    async with InfluxStandin() as standin:
        store = {"INFLUX__URL": standin.url, "INFLUX__BUCKET": "evse", "INFLUX__TOKEN": "t"}
        with Publisher(mosquitto.port) as peer:
            announce(peer, "one", "charger/one")
            async with bridge(tmp_path / "original", mosquitto.url, **store) as running:
                await follows(running, "one")
                document(peer, "charger/one")
                await running.settled(9)
            for number, flip in enumerate(flips(original, 5, random.Random(7))):
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(original, place / "data")
                flip.apply(place / "data")
                async with bridge(place, mosquitto.url, **store) as running:
                    await follows(running, "one")
                    document(peer, "charger/one", wh=str(20_000 + number))
                    wanted = b"energy=%d" % (20_000 + number)
                    await eventually(partial(has, standin, wanted), 15)
                    assert (await running.get("/livez"))[0] == 200


def has(standin: InfluxStandin, text: bytes) -> bool:
    return any(text in line for line in standin.stored)
