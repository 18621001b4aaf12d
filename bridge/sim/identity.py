"""The identities of a fleet's chargers: ids, topics, addresses.

Everything short is made from the last four hex digits of the id, as the firmware does it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

_HOSTS = 254


class Shares(Enum):
    """What a charger has in common with the previous one."""

    NOTHING = "nothing"
    BASE = "base"
    TAIL = "tail"


@dataclass(frozen=True, slots=True)
class Identity:
    """One charger; `address` is its own loopback address."""

    index: int
    id: str
    name: str
    base: str
    announce: str
    address: str

    @property
    def tail(self) -> str:
        """The last four hex digits, from which the rest is named."""
        return self.id[-4:]

    def url(self, http_port: int | None) -> str:
        """What is announced: the own site, or a plausible address when nothing is served."""
        if http_port is not None:
            return f"http://{self.address}:{http_port}/"
        return f"http://10{self.address.removeprefix('127')}/"


@dataclass(frozen=True, slots=True)
class Naming:
    """How names and topics begin."""

    device: str
    base_prefix: str
    announce_prefix: str


def fleet_identities(
    seed: int, count: int, naming: Naming, shares: Sequence[Shares] = (Shares.NOTHING,)
) -> list[Identity]:
    """The same seed gives the same fleet; a larger one begins with the smaller one.

    `shares` is repeated over the fleet. Apart from it, no two tails are equal.
    """
    heads = Random(f"{seed}/heads")
    ids = _ids(Random(f"{seed}/ids"))
    fleet: list[Identity] = []
    for index in range(count):
        share = shares[index % len(shares)] if fleet else Shares.NOTHING
        one = _identity(index, next(ids), naming)
        if share is Shares.TAIL:
            one = _identity(index, _mac(heads)[:-4] + fleet[-1].tail, naming)
        if share is Shares.BASE:
            one = replace(one, base=fleet[-1].base)
        fleet.append(one)
    return fleet


def _ids(rng: Random) -> Iterator[str]:
    tails: set[str] = set()
    while True:
        mac = _mac(rng)
        if mac[-4:] not in tails:
            tails.add(mac[-4:])
            yield mac


def _mac(rng: Random) -> str:
    """Hex without leading zeros: 11 or 12 characters."""
    bits = 44 if rng.random() < 0.2 else 48
    # The top hex digit is drawn apart: were it 0, the text would be a digit shorter.
    return f"{rng.randint(1, 15):x}{rng.getrandbits(bits - 4):0{bits // 4 - 1}x}"


def _identity(index: int, mac: str, naming: Naming) -> Identity:
    name = f"{naming.device}-{mac[-4:]}"
    return Identity(
        index=index,
        id=mac,
        name=name,
        base=f"{naming.base_prefix}/{name}",
        announce=f"{naming.announce_prefix}/{mac[-4:]}",
        address=loopback(index),
    )


def loopback(index: int) -> str:
    """127.1.0.1 for the first charger, 254 of them in each last octet."""
    net, host = divmod(index, _HOSTS)
    return f"127.{1 + net // 256}.{net % 256}.{1 + host}"
