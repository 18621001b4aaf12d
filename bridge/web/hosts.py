"""Which Host a request may name: another one is a web page that reached us under its own name.

DNS rebinding lets a page on the Internet read what its visitor's machine can reach; its requests
carry its own name.
"""

from collections.abc import Sequence
from ipaddress import ip_address

IN_KUBERNETES = (".svc", ".svc.cluster.local")


def is_ours(host: str, listed: Sequence[str]) -> bool:
    """Whether a Host header may be answered; `listed` are further names."""
    name = _name(host).lower().rstrip(".")
    if "." not in name:
        # A name without a dot is of this network.
        return ":" not in name or _is_address(name)
    listed_here = name in {each.lower().rstrip(".") for each in listed}
    return _is_address(name) or name.endswith(IN_KUBERNETES) or listed_here


def _name(host: str) -> str:
    """Without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
