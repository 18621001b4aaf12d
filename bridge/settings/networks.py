"""Networks, ports and host names at which chargers may be polled."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from bridge.settings.lists import parse_list
from bridge.settings.parse import InvalidValue, integer, quoted, text

Network = IPv4Network | IPv6Network

_port = integer(1, 65535)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_REMEDY = "write the end of the names, such as chargers.example.com or lan"


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


def parse_suffixes(value: object) -> tuple[str, ...]:
    """Suffixes of host names in lower case, without dots at the ends, each once."""
    return tuple(dict.fromkeys(_suffix(part) for part in parse_list(value)))


def _suffix(part: object) -> str:
    name = text(part).strip()
    labels = name.lower().removeprefix("*").strip(".").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidValue(f"{quoted(name)} is not a suffix of host names", _REMEDY)
    if labels[-1].isdigit():
        raise InvalidValue(f"{quoted(name)} is not a name; networks belong to http.allow", _REMEDY)
    return ".".join(labels)
