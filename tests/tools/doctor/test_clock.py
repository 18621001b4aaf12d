"""`doctor` and a clock that is wrong."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest
from aiohttp import web

from bridge.runtime.kernel_clock import KernelClock
from bridge.tools.doctor import clock as probe_file
from bridge.tools.doctor.chargers import probe_chargers
from bridge.tools.doctor.clock import probe_clock
from tests.kit.doctor import announced, case, told
from tests.kit.polling import http, strange

UNKNOWN = ("not checked", "the kernel cannot be asked whether a time service keeps it")
NO_SERVICE = "the kernel knows of no time service that keeps it"
FEW = ("not checked", "the chargers': fewer than 3 were asked and agree")


@pytest.fixture(autouse=True)
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_file, "kernel_clock", lambda: None)


@asynccontextmanager
async def store(date: str) -> AsyncIterator[str]:
    """A web server whose replies have this date."""

    async def reply(_: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/ping", reply)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [
        (0, ("ok", "agrees with the store")),
        (91, ("warning", "is 90 s ahead of the store")),
        (-3600, ("warning", "is 3600 s behind the store")),
    ],
)
async def test_the_stores_date_shows_a_wrong_clock(ahead: int, verdict: tuple[str, str]) -> None:
    async with store(formatdate(time.time() - ahead, usegmt=True)) as url:
        about = case(INFLUX__URL=url, INFLUX__BUCKET="evse")
        kernel, found, chargers = await told(probe_clock, about)
    assert (kernel, chargers) == (UNKNOWN, FEW)
    assert found[0] == verdict[0]
    assert found[1].split(" s ")[-1] == verdict[1].split(" s ")[-1]


async def test_a_store_without_a_date_or_without_a_reply_is_not_checked() -> None:
    async with store("soon") as url:
        about = case(INFLUX__URL=url, INFLUX__BUCKET="evse")
        assert (await told(probe_clock, about))[1][1] == "the store's: its reply has no date"
    about = case(INFLUX__URL="http://127.0.0.1:1", INFLUX__BUCKET="evse")
    assert (await told(probe_clock, about))[1][0] == "not checked"


@pytest.mark.parametrize(
    ("kernel", "verdict", "message"),
    [
        (KernelClock(True, 0.01), "ok", "agrees with the time service of this machine"),
        (KernelClock(True, -9.0), "warning", "is 9 s behind the time service of this machine"),
        (
            KernelClock(False, 0.0),
            "not checked",
            "the kernel knows of no time service that keeps it",
        ),
    ],
)
async def test_the_kernel_says_whether_a_time_service_keeps_the_clock(
    monkeypatch: pytest.MonkeyPatch, kernel: KernelClock, verdict: str, message: str
) -> None:
    monkeypatch.setattr(probe_file, "kernel_clock", lambda: kernel)
    assert (await told(probe_clock, case()))[0] == (verdict, message)


async def test_chargers_that_agree_show_a_wrong_clock() -> None:
    about = case()
    about.skews += [-7200.4, -7199.8, -7200.0, 3.0]
    assert (await told(probe_clock, about))[-1] == (
        "warning", "is 7200 s ahead of most chargers' clocks",
    )  # fmt: skip


async def test_a_chargers_reply_brings_its_clock() -> None:
    document = '{"state": 1, "time": "2026-01-01T00:00:00Z"}'
    async with strange(http(document)) as server:
        about = case(HTTP__ALLOW="127.0.0.0/8", HTTP__PORTS=str(server.port))
        about.announced.update(announced(one=f"http://127.0.0.1:{server.port}/"))
        await told(probe_chargers, about)
    assert len(about.skews) == 1
    assert about.skews[0] == pytest.approx(1_767_225_600 - time.time(), abs=10)
