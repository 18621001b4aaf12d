"""A simulated charger between two connections, and one whose controller hangs."""

import asyncio
import time
from collections.abc import Callable
from random import Random

from bridge.sim.broker_session import BrokerSession
from bridge.sim.clock import Clock
from bridge.sim.connector import Connector
from bridge.sim.endpoint import Endpoint
from bridge.sim.fleet import device, identities
from bridge.sim.identity import Identity
from bridge.sim.ledger import Ledger
from bridge.sim.options import SimOptions
from bridge.sim.scenarios import TABLE
from bridge.sim.settings import ChargerConfig
from bridge.sim.site import query
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, Subscriber, eventually


def presence(
    identity: Identity, port: int, board: Connector, answers: Callable[[str], str | None]
) -> BrokerSession:
    endpoint = Endpoint("127.0.0.1", port)
    settings = ChargerConfig(identity=identity, endpoint=endpoint, username="", password="")
    return BrokerSession(
        identity=identity, settings=settings, endpoint=endpoint, url="", connector=board,
        clock=Clock(1.0), ledger=Ledger(None), rng=Random(1), clean_disconnect=True, query=answers,
    )  # fmt: skip


OPTIONS = SimOptions(broker="mqtt://127.0.0.1:9", chargers=1)
CALM = TABLE["calm"]


async def test_new_settings_end_the_wait_for_a_broker_that_is_away() -> None:
    with Connector() as board:
        one = presence(identities(OPTIONS, CALM)[0], 9, board, lambda command: None)
        keeping = asyncio.create_task(one.run())
        await one.attempted.wait()
        began = time.monotonic()
        await asyncio.sleep(0)
        one.attempted.clear()
        one.disconnect(0.1)
        # By itself it would try again after seven seconds.
        async with asyncio.timeout(5):
            await one.attempted.wait()
        assert time.monotonic() - began < 5
        keeping.cancel()
        await asyncio.wait({keeping})


async def test_a_controller_that_hangs_answers_no_query_over_mqtt(mosquitto: Mosquitto) -> None:
    """What it is asked later, and may refuse, is answered."""
    identity = identities(OPTIONS, CALM)[0]
    answers = {"$GS": "", "$FD": None, "$GA": "$OK 220 0"}
    with Connector() as board, Subscriber(mosquitto.port, f"{identity.base}/rapi/out") as hears:
        one = presence(identity, mosquitto.port, board, answers.__getitem__)
        keeping = asyncio.create_task(one.run())
        await eventually(lambda: one.online)
        with Publisher(mosquitto.port) as asks:
            for command in answers:
                asks.publish(f"{identity.base}/rapi/in/{command}", "")
        await eventually(lambda: len(hears.received) == 2)
        keeping.cancel()
        await asyncio.wait({keeping})
    assert [heard.payload for heard in hears.received] == ["$NK^21", "$OK 220 0^20"]


def test_a_controller_that_hangs_answers_no_query() -> None:
    one = device(OPTIONS, CALM, 0)
    one.freeze(at=0.0, until=1e9)
    assert query(one, Clock(1.0), "$GS") == ""
