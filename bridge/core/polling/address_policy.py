"""Which network addresses may be polled: those in the allowed networks, special ones excepted.

Loopback, link-local and the like are polled only where a network within them is allowed:
0.0.0.0/0 covers none of them, 127.0.0.0/8 is loopback. The bridge's own addresses and those
of cloud metadata must be allowed one by one.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from bridge.core.polling.address import AddressFault, Ip, RefusedAddress

Network = IPv4Network | IPv6Network

_SPECIAL: tuple[tuple[AddressFault, str, tuple[str, ...]], ...] = (
    (
        AddressFault.METADATA,
        "is a cloud's metadata service",
        (
            "169.254.169.0/24",
            "169.254.170.0/24",
            "168.63.129.16/32",
            "100.100.100.200/32",
            "fd00:ec2::/32",
            "fd00:42::42/128",
            "fd20:ce::254/128",
        ),
    ),
    (AddressFault.UNSPECIFIED, "is no host's address", ("0.0.0.0/8", "::/128")),
    (AddressFault.LOOPBACK, "is on the bridge's own machine", ("127.0.0.0/8", "::1/128")),
    (AddressFault.LINK_LOCAL, "is link-local", ("169.254.0.0/16", "fe80::/10")),
    (AddressFault.MULTICAST, "is multicast", ("224.0.0.0/4", "ff00::/8")),
    (
        AddressFault.RESERVED,
        "is reserved",
        ("240.0.0.0/4", "192.0.0.0/24", "fec0::/10", "100::/64"),
    ),
    (
        AddressFault.EMBEDDED,
        "is an IPv6 address with an IPv4 address in it",
        (
            "::ffff:0:0/96",
            "::ffff:0:0:0/96",
            "::/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2002::/16",
            "2001::/32",
        ),
    ),
)
_TABLE: tuple[tuple[AddressFault, str, Network], ...] = tuple(
    (reason, why, ip_network(network)) for reason, why, networks in _SPECIAL for network in networks
)


class AddressPolicy:
    """The networks allowed by the settings; `own`: whether an address is the bridge's own."""

    def __init__(self, allow: Iterable[Network], *, own: Callable[[Ip], bool]) -> None:
        self._allow = tuple(allow)
        self._own = own

    def refusal(self, ip: Ip, more: Iterable[Network] = ()) -> RefusedAddress | None:
        """Why the address is not polled; `more` are the charger's own allowed networks."""
        named = [network for network in (*self._allow, *more) if ip in network]
        special = _special(ip)
        if special is not None and not _is_named(special, named):
            return RefusedAddress(special[0], f"{special[1]}, and not named in http.allow")
        refused = self._own_address(ip, named) or self._embedded_address(ip, more)
        if refused is None and not named:
            return RefusedAddress(AddressFault.NOT_ALLOWED, "is in no network of http.allow")
        return refused

    def _own_address(self, ip: Ip, named: Iterable[Network]) -> RefusedAddress | None:
        """Loopback is the bridge's own as a whole, and is allowed as a network."""
        alone = any(network.num_addresses == 1 for network in named)
        if alone or ip.is_loopback or not self._own(ip):
            return None
        return RefusedAddress(AddressFault.OWN, "is the bridge's own, and not named in http.allow")

    def _embedded_address(self, ip: Ip, more: Iterable[Network]) -> RefusedAddress | None:
        """The IPv4 address in an allowed IPv6 address must not be special either."""
        inner = embedded(ip)
        refused = self.refusal(inner, more) if inner else None
        return None if refused is None or refused.reason is AddressFault.NOT_ALLOWED else refused


def embedded(ip: Ip) -> IPv4Address | None:
    """The IPv4 address to which an IPv6 address leads."""
    if isinstance(ip, IPv4Address):
        return None
    if (pair := ip.teredo) is not None:
        return pair[1]
    if ip.sixtofour is not None:
        return ip.sixtofour
    special = _special(ip)
    return (
        IPv4Address(int(ip) & 0xFFFFFFFF)
        if special and special[0] is AddressFault.EMBEDDED
        else None
    )


def _special(ip: Ip) -> tuple[AddressFault, str, Network] | None:
    return next((row for row in _TABLE if ip in row[2]), None)


def _is_named(special: tuple[AddressFault, str, Network], named: Iterable[Network]) -> bool:
    """Whether a network within the special one is allowed; for metadata, the address alone."""
    reason, _, within = special
    alone = reason is AddressFault.METADATA
    return any(
        _inside(network, within) and (network.num_addresses == 1 or not alone) for network in named
    )


def _inside(network: Network, within: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(within, IPv4Network) and network.subnet_of(within)
    return isinstance(within, IPv6Network) and network.subnet_of(within)


def contains(networks: Iterable[Network], ip: Ip) -> bool:
    """Whether one of the networks holds the address."""
    return any(ip in network for network in networks)
