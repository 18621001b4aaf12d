"""The guard before every request, shared by polls and commands."""

from ipaddress import ip_address

from bridge.core.polling.address import Address, AddressFault, Ip, RefusedAddress
from bridge.core.polling.outcome import PollOutcome
from bridge.sources.http.guard import MOST_TRIED, allowed_ips, first_reached

NAMED = Address(False, "charger.example", 80)
LOOPBACK = RefusedAddress(AddressFault.LOOPBACK, "is on the bridge's own machine")


def ips(*texts: str) -> tuple[Ip, ...]:
    return tuple(ip_address(text) for text in texts)


def refusal(ip: Ip) -> RefusedAddress | None:
    return LOOPBACK if ip.is_loopback else None


async def test_one_address_that_must_not_be_called_refuses_all() -> None:
    async def resolve(host: str) -> tuple[Ip, ...]:
        return ips("10.0.0.1", "10.0.0.2", "127.0.0.1")

    assert await allowed_ips(NAMED, resolve=resolve, refusal=refusal) == LOOPBACK


async def test_a_forbidden_address_beyond_those_that_are_tried_refuses_all_too() -> None:
    many = [f"10.0.0.{n}" for n in range(1, MOST_TRIED + 3)]

    async def resolve(host: str) -> tuple[Ip, ...]:
        return ips(*many, "127.0.0.1")

    assert await allowed_ips(NAMED, resolve=resolve, refusal=refusal) == LOOPBACK


async def test_of_many_addresses_a_few_are_tried() -> None:
    async def resolve(host: str) -> tuple[Ip, ...]:
        return ips(*(f"10.0.0.{n}" for n in range(1, 100)))

    found = await allowed_ips(NAMED, resolve=resolve, refusal=refusal)
    assert found == ips("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")


async def test_a_numeric_address_is_not_looked_up() -> None:
    async def resolve(host: str) -> tuple[Ip, ...]:
        raise AssertionError(f"{host} is looked up")

    address = Address(False, "10.0.0.7", 80, ip_address("10.0.0.7"))
    assert await allowed_ips(address, resolve=resolve, refusal=refusal) == ips("10.0.0.7")


async def test_the_next_address_is_tried_only_where_one_cannot_be_reached() -> None:
    tried: list[str] = []

    async def send(ip: Ip) -> PollOutcome:
        tried.append(str(ip))
        return PollOutcome.UNREACHABLE if len(tried) == 1 else PollOutcome.TIMEOUT

    result = await first_reached(
        ips("10.0.0.1", "10.0.0.2", "10.0.0.3"),
        send,
        unreached=PollOutcome.UNRESOLVED,
        outcome=lambda outcome: outcome,
    )
    assert result is PollOutcome.TIMEOUT
    assert tried == ["10.0.0.1", "10.0.0.2"]


async def test_a_name_without_an_address_is_unresolved() -> None:
    async def send(ip: Ip) -> PollOutcome:
        raise AssertionError(f"{ip} is called")

    unreached = PollOutcome.UNRESOLVED
    assert await first_reached((), send, unreached=unreached, outcome=lambda o: o) is unreached
