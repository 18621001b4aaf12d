"""Networks and ports in which chargers may be polled."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from bridge.settings.lists import parse_list
from bridge.settings.parse import InvalidValue, integer, quoted, text

Network = IPv4Network | IPv6Network

_port = integer(1, 65535)


def parse_networks(value: object) -> tuple[Network, ...]:
    """Networks such as `10.0.0.0/8`; a single address is a network of one."""
    return tuple(_network(part) for part in parse_list(value))


def _network(part: object) -> Network:
    network = text(part).strip()
    try:
        return ip_network(network)
    except ValueError:
        raise InvalidValue(
            f"{quoted(network)} is not a network", _network_remedy(network)
        ) from None


def _network_remedy(network: str) -> str:
    try:
        return f"did you mean {ip_network(network, strict=False)}?"
    except ValueError:
        return "write networks like 10.0.0.0/8 or fc00::/7"


def parse_ports(value: object) -> tuple[int, ...]:
    """At least one TCP port, each once."""
    found = tuple(dict.fromkeys(_port(part) for part in parse_list(value)))
    if not found:
        raise InvalidValue("there is no port", "name at least one, such as 80,443")
    return found
