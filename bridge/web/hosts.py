"""Which Host a request may name: another one is a web page that reached us under its own name.

DNS rebinding lets a page on the Internet read what its visitor's machine can reach; its requests
carry its own name.
"""

from collections.abc import Collection

from bridge.core.polling.address import parse_ip

IN_KUBERNETES = (".svc", ".svc.cluster.local")


def is_ours(host: str, listed: Collection[str]) -> bool:
    """Whether a Host header may be answered; `listed` are further names in lower case."""
    name = _name(host).lower().rstrip(".")
    # A name without a dot is of this network.
    near = not {".", ":"} & set(name)
    return near or parse_ip(name) is not None or name.endswith(IN_KUBERNETES) or name in listed


def _name(host: str) -> str:
    """Without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
