"""Which announced addresses may be used: IP addresses, and host names that an operator listed.

Looking up a name sends it to a resolver: whoever announces names could carry data out that way.
"""

from collections.abc import Collection

from bridge.core.polling.address import Address, AddressFault, RefusedAddress, read_address

_UNLISTED = RefusedAddress(AddressFault.NAME, "has a host name that is not covered by http.names")


def read_announced(
    text: object, ports: Collection[int], suffixes: Collection[str]
) -> Address | RefusedAddress:
    """The address that a charger announced, or why it is refused; looks nothing up."""
    found = read_address(text, ports)
    if isinstance(found, RefusedAddress) or found.ip is not None:
        return found
    return found if is_listed(found.host, suffixes) else _UNLISTED


def is_listed(host: str, suffixes: Collection[str]) -> bool:
    """Whether a host name is one of the suffixes, or ends with one of them at a dot."""
    labels = host.removesuffix(".").split(".")
    return any(".".join(labels[start:]) in suffixes for start in range(len(labels)))
