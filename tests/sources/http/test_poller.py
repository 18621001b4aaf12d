"""The plan, the client and the readers together, against simulated chargers' web servers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from random import Random

import pytest

from bridge.core.clock import Moment, Steady, Unix
from bridge.core.fields.config import read_config
from bridge.core.fields.crashlog import read_crashlog
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect, Reason
from bridge.core.polling.address import Address
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.request_gate import web_server
from bridge.core.polling.schedule import Mode, PollConfig, PollRequest
from bridge.sim.identity import loopback
from bridge.sim.options import SimOptions
from bridge.sources.http.poller import Poller
from tests.kit.polling import SEVEN, Keys, Plan, client
from tests.kit.simulator import Mosquitto, free_port, simulating
from tests.kit.support import eventually

PACE = PollConfig(fallback_every=0.5, min_gap=0.1, first_within=0.3, soon=0.1, soon_within=0.1)


@asynccontextmanager
async def chargers(folder: Path, **changes: object) -> AsyncIterator[int]:
    """The port on which simulated chargers answer."""
    broker = Mosquitto(folder)
    await broker.start()
    port = free_port(loopback(0))
    options = SimOptions(broker=broker.url, chargers=5, speed=20.0, http_port=port)
    try:
        async with simulating(replace(options, **changes)):  # type: ignore[arg-type]  # as there
            yield port
    finally:
        broker.stop()


def at(index: int, port: int) -> Address:
    host = loopback(index)
    return Address(False, host, port, ip_address(host))


def clock() -> Moment:
    return Moment(Unix(time.time()), Steady(time.monotonic()))


async def test_a_simulated_charger_gives_all_its_documents(tmp_path: Path) -> None:
    one = client()
    async with chargers(tmp_path) as port:
        replies = [await one.fetch(SEVEN, at(0, port), page) for page in Page]
    status, config, crashlog = (reply.document for reply in replies)
    assert isinstance(status, dict)
    assert isinstance(config, dict)
    assert isinstance(crashlog, dict)
    read = StatusReader(Dialect.NOFOS, None).read(status, Unix(time.time()))
    bad = {Reason.UNKNOWN_FIELD, Reason.MALFORMED, Reason.BUG}
    assert [wire for wire, reason in read.discarded if reason in bad] == []
    assert read.value("state_code") is not None
    assert read_config(config).text("version") == "2.4.1"
    assert "depot-chargers" not in repr(read_config(config))
    assert read_crashlog(crashlog, Unix(time.time())) == ()


async def test_firmware_without_a_crash_log_has_none(tmp_path: Path) -> None:
    one = client()
    async with chargers(tmp_path, scenario="ancestor") as port:
        reply = await one.fetch(SEVEN, at(0, port), Page.CRASHLOG)
    assert reply.outcome is PollOutcome.NOT_FOUND


@pytest.mark.parametrize(
    ("password", "outcome"),
    [
        ("s3:cret", PollOutcome.OK),
        ("wrong", PollOutcome.UNAUTHORIZED),
        (None, PollOutcome.UNAUTHORIZED),
    ],
)
async def test_a_locked_charger_opens_to_its_password(
    tmp_path: Path, password: str | None, outcome: PollOutcome
) -> None:
    keys = Keys(None if password is None else ChargerLogin("anna", password))
    locked = {"http_username": "anna", "http_password": "s3:cret"}
    one = client(keys=keys)
    async with chargers(tmp_path, **locked) as port:
        assert (await one.fetch(SEVEN, at(0, port), Page.STATUS)).outcome is outcome


async def test_the_poller_asks_all_and_gives_up_on_none(tmp_path: Path) -> None:
    replies: list[tuple[PollRequest, PollReply]] = []
    ids = [ChargerId(f"c{index}") for index in range(6)]
    one = client(timeout=1.0)
    async with chargers(tmp_path) as port:
        places = {charger: at(index, port) for index, charger in enumerate(ids)}
        plan = Plan(PACE, random=Random(1).random).schedule
        poller = Poller(
            schedule=plan,
            client=one,
            address=places.get,
            ended=lambda request, reply, now: replies.append((request, reply)),
            clock=clock,
        )
        task = asyncio.create_task(poller.run(), name="poller")
        for charger in [*ids, ChargerId("nowhere")]:
            plan.set_mode(charger, Mode.FALLBACK, clock().steady)
            plan.request_page(charger, Page.CONFIG)
        poller.wake()
        good = [(charger, page) for charger in ids[:5] for page in (Page.STATUS, Page.CONFIG)]

        def answered() -> set[tuple[ChargerId, Page]]:
            return {(a.charger, a.page) for a, r in replies if r.outcome is PollOutcome.OK}

        await eventually(lambda: answered() >= set(good))
        await eventually(lambda: {a.charger for a, _ in replies} == {*ids, ChargerId("nowhere")})
        task.cancel()
        await asyncio.wait({task})
    outcomes = {a.charger: r.outcome for a, r in replies}
    assert outcomes[ids[5]] is PollOutcome.UNREACHABLE
    assert outcomes[ChargerId("nowhere")] is PollOutcome.UNRESOLVED


class Crowd:
    """A client that answers on demand, and counts the requests of one turn of the loop."""

    def __init__(self) -> None:
        self.requested: list[ChargerId] = []
        self.most = 0
        self.answer = asyncio.Event()

    async def fetch(self, charger: ChargerId, address: Address, page: Page) -> PollReply:
        self.requested.append(charger)
        await self.answer.wait()
        return PollReply(PollOutcome.OK, 0.0, {})

    async def count(self) -> None:
        """Look once in each turn."""
        while True:
            before = len(self.requested)
            await asyncio.sleep(0)
            self.most = max(self.most, len(self.requested) - before)


async def test_a_site_that_is_due_at_once_is_asked_in_portions() -> None:
    crowd, answered = Crowd(), list[ChargerId]()
    pace = PollConfig(first_within=0.0, concurrency=100)
    plan = Plan(pace, random=lambda: 0.5).schedule
    poller = Poller(
        schedule=plan,
        client=crowd,
        address=lambda charger: at(0, 80),
        ended=lambda request, reply, now: answered.append(request.charger),
        clock=clock,
    )
    for index in range(300):
        plan.set_mode(ChargerId(f"c{index}"), Mode.FALLBACK, clock().steady)
    tasks = [asyncio.create_task(poller.run()), asyncio.create_task(crowd.count())]
    # A quarter of the slots is reserved for chargers that have answered before.
    await eventually(lambda: len(crowd.requested) == 75)
    assert crowd.most == 8
    crowd.answer.set()
    await eventually(lambda: len(answered) == 300)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert len(set(answered)) == 300


async def test_polls_that_were_cancelled_leave_nothing_in_flight() -> None:
    crowd = Crowd()
    plan = Plan(PollConfig(first_within=0.0), random=lambda: 0.5)
    poller = Poller(
        schedule=plan.schedule,
        client=crowd,
        address=lambda charger: at(0, 80),
        ended=lambda request, reply, now: None,
        clock=clock,
    )
    plan.schedule.set_mode(SEVEN, Mode.FALLBACK, clock().steady)
    plan.schedule.address_changed(SEVEN, clock().steady, web_server(at(0, 80)))
    task = asyncio.create_task(poller.run())
    await eventually(lambda: crowd.requested)
    task.cancel()
    await asyncio.wait([task])
    assert plan.schedule.in_flight == 0
    assert plan.gate.free_at(web_server(at(0, 80))) == 0
