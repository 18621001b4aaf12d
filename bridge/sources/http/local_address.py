"""Whether an address is one of this machine's own."""

import socket

from bridge.core.polling.address import Ip


def is_own(ip: Ip) -> bool:
    """Checked with the kernel, so that a new address is known at once. Sends nothing."""
    # Most foreign addresses cannot be bound, which is enough. Where they can be
    # (ip_nonlocal_bind), the kernel still reaches its own address from that address alone.
    return _bindable(ip) and _reached_from(ip) == str(ip)


def _bindable(ip: Ip) -> bool:
    with _socket(ip) as sock:
        try:
            sock.bind((str(ip), 0))
        except OSError:
            return False
    return True


def _reached_from(ip: Ip) -> str | None:
    with _socket(ip) as sock:
        try:
            sock.connect((str(ip), 9))
        except OSError:
            return None
        return str(sock.getsockname()[0])


def _socket(ip: Ip) -> socket.socket:
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    return socket.socket(family, socket.SOCK_DGRAM)
