"""The guard before every request: no address is called that must not be, whoever named it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.outcome import PollOutcome

MOST_TRIED = 4

T = TypeVar("T")


async def allowed_ips(
    address: Address,
    *,
    resolve: Callable[[str], Awaitable[tuple[Ip, ...]]],
    refusal: Callable[[Ip], RefusedAddress | None],
) -> tuple[Ip, ...] | RefusedAddress:
    """The addresses of a charger that may be tried, in order; empty where its name has none.

    One address that must not be called refuses all of them: whoever answers for the name could
    otherwise try until the order suits.
    """
    ips = (address.ip,) if address.ip else await resolve(address.host)
    for ip in ips:
        if (refused := refusal(ip)) is not None:
            return refused
    return ips[:MOST_TRIED]


async def first_reached(
    ips: tuple[Ip, ...],
    send: Callable[[Ip], Awaitable[T]],
    *,
    unreached: T,
    outcome: Callable[[T], object],
) -> T:
    """What came of the first address that can be reached; `unreached` where there is none."""
    result = unreached
    for ip in ips:
        result = await send(ip)
        if outcome(result) is not PollOutcome.UNREACHABLE:
            break
    return result
