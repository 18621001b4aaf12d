"""One request at a time to each web server, and a gap after it, whichever charger it is for.

Anyone can announce the address of any device, and a device has about ten sockets.
"""

from dataclasses import dataclass
from typing import NewType

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip
from bridge.core.polling.address_policy import embedded

WebServer = NewType("WebServer", str)
"""An IP address and a port; a host name in place of the address until it was looked up."""


def web_server(address: Address, ip: Ip | None = None) -> WebServer:
    """The web server of an announced address, at `ip` if its name leads there."""
    ip = ip or address.ip
    host = address.host if ip is None else embedded(ip) or ip
    return WebServer(f"{host} {address.port}")


@dataclass(slots=True)
class _Hold:
    charger: ChargerId
    times: int = 0
    used: bool = False


class RequestGate:
    """A charger may reserve one web server several times, and releases it as often."""

    def __init__(self, gap: float) -> None:
        """`gap` in seconds, from the end of a request to the begin of the next."""
        self._gap = gap
        self._holds: dict[WebServer, _Hold] = {}
        self._ended: dict[WebServer, Steady] = {}
        """When the last request ended, the earliest first; those of before the gap are left out."""

    def reserve(self, server: WebServer, charger: ChargerId, now: Steady) -> bool:
        """Reserve a web server, if it is free or the charger's already."""
        hold = self._holds.get(server)
        if hold is None:
            if self.free_at(server) > now:
                return False
            hold = self._holds[server] = _Hold(charger)
        if hold.charger != charger:
            return False
        hold.times += 1
        return True

    def release(self, server: WebServer, now: Steady, *, used: bool) -> None:
        """End a reservation; `used`: a request was sent, after which there is a gap."""
        hold = self._holds[server]
        hold.times -= 1
        hold.used = hold.used or used
        if hold.times == 0:
            del self._holds[server]
            if hold.used:
                self._note_end(server, now)

    def retry_at(self, server: WebServer, now: Steady) -> float:
        """When to try again to reserve a web server; the end of a request is not foreseen."""
        free_at = self.free_at(server)
        return free_at if free_at < float("inf") else now + self._gap

    def free_at(self, server: WebServer) -> float:
        """From when the next request may be sent; infinite while one is in flight."""
        if server in self._holds:
            return float("inf")
        ended = self._ended.get(server)
        return 0.0 if ended is None else ended + self._gap

    def _note_end(self, server: WebServer, now: Steady) -> None:
        self._ended.pop(server, None)
        self._ended[server] = now
        while self._ended and self._ended[first := next(iter(self._ended))] < now - self._gap:
            del self._ended[first]
