"""Networks and ports in which chargers may be polled."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from bridge.settings.lists import listed
from bridge.settings.parse import Wrong, quoted, text, whole

Network = IPv4Network | IPv6Network

_port = whole(1, 65535)


def networks(value: object) -> tuple[Network, ...]:
    """Networks such as `10.0.0.0/8`; a lone address is a network of one."""
    return tuple(_network(part) for part in listed(value))


def _network(part: object) -> Network:
    said = text(part).strip()
    try:
        return ip_network(said)
    except ValueError:
        raise Wrong(f"{quoted(said)} is not a network", _network_remedy(said)) from None


def _network_remedy(said: str) -> str:
    try:
        return f"did you mean {ip_network(said, strict=False)}?"
    except ValueError:
        return "write networks like 10.0.0.0/8 or fc00::/7"


def ports(value: object) -> tuple[int, ...]:
    """At least one TCP port, each once."""
    found = tuple(dict.fromkeys(_port(part) for part in listed(value)))
    if not found:
        raise Wrong("no port is named", "name at least one, such as 80,443")
    return found
