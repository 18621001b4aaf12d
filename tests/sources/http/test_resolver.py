"""Names into addresses off the loop, and the machine's own addresses."""

import asyncio
import threading
from ipaddress import ip_address

import pytest

from bridge.core.polling.address import Ip
from bridge.sources.http.local_address import is_own
from bridge.sources.http.resolver import Resolver, look_up

HERE = ip_address("127.0.0.1")


@pytest.mark.parametrize(("ip", "own"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_the_kernel_knows_its_own_addresses(ip: str, own: bool) -> None:
    assert is_own(ip_address(ip)) is own


def test_the_system_resolves_localhost() -> None:
    assert HERE in look_up("localhost")


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", "a..b"])
def test_a_name_that_cannot_be_one_has_no_address(host: str) -> None:
    assert look_up(host) == ()


async def test_a_look_up_that_hangs_holds_up_nobody_else() -> None:
    release = threading.Event()

    def slow(host: str) -> tuple[Ip, ...]:
        if host == "slow":
            release.wait(10)
        return (HERE,)

    resolver = Resolver(slow)
    hanging = asyncio.create_task(resolver.resolve("slow"))
    assert await resolver.resolve("quick") == (HERE,)
    assert not hanging.done()
    release.set()
    assert await hanging == (HERE,)


async def test_names_that_never_had_an_address_hold_up_none_that_had() -> None:
    release = threading.Event()

    def slow(host: str) -> tuple[Ip, ...]:
        if host.startswith("dark"):
            release.wait(10)
            return ()
        return (HERE,)

    resolver = Resolver(slow)
    assert await resolver.resolve("quick") == (HERE,)
    dark = [asyncio.create_task(resolver.resolve(f"dark{n}")) for n in range(100)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await resolver.resolve("quick") == (HERE,)
    release.set()
    assert set(await asyncio.gather(*dark)) == {()}
    assert await resolver.resolve("other") == (HERE,)


async def test_threads_of_look_ups_that_were_given_up_are_counted() -> None:
    release = threading.Event()
    looked_up: list[str] = []

    def slow(host: str) -> tuple[Ip, ...]:
        looked_up.append(host)
        release.wait(10)
        return (HERE,)

    resolver = Resolver(slow, most_at_once=1)
    for host in ("one", "two"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await resolver.resolve(host)
    release.set()
    assert await resolver.resolve("three") == (HERE,)
    assert looked_up == ["one", "three"]
