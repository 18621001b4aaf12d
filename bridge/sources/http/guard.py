"""The check before every request: only allowed addresses are connected to, whoever named them."""

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
    """The addresses of a charger to try, in order; empty where its name has none.

    One address that is not allowed refuses all of them: whoever controls the name could
    otherwise retry until the order suits.
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
    """The result from the first address that can be reached; `unreached` where none can."""
    result = unreached
    for ip in ips:
        result = await send(ip)
        if outcome(result) is not PollOutcome.UNREACHABLE:
            break
    return result
