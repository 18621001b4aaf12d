"""The announced address of a charger's web server, parsed as untrusted input.

Only the form that chargers announce is accepted: `http://host[:port]/`, the host a plain
name, four decimal numbers or an IPv6 address in brackets. Every other URL is refused, so that
no two programs can read one text in two ways.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

Ip = IPv4Address | IPv6Address

LONGEST = 300
_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"([^:/?#]*):(?://)?([^/?#]*)(.*)", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


class AddressFault(StrEnum):
    """Why a charger is not polled at an address; the first group concerns the text alone."""

    NOT_TEXT = "not_text"
    TOO_LONG = "too_long"
    CONTROL = "control"
    SCHEME = "scheme"
    USER_INFO = "user_info"
    NO_HOST = "no_host"
    HOST = "host"
    NON_ASCII = "non_ascii"
    SPELLING = "spelling"
    ZONE = "zone"
    PORT = "port"
    PATH = "path"
    NAME = "name"

    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    MULTICAST = "multicast"
    METADATA = "metadata"
    EMBEDDED = "embedded"
    RESERVED = "reserved"
    OWN = "own"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True)
class RefusedAddress:
    """A refusal; `why` completes "the address …" and never repeats the text."""

    reason: AddressFault
    why: str


@dataclass(frozen=True, slots=True)
class Address:
    """A web server's address; `host` is lower case, `ip` is set unless it is a name."""

    tls: bool
    host: str
    port: int
    ip: Ip | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def authority(self) -> str:
        """The Host header: without the port where it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def read_address(text: object, ports: Collection[int]) -> Address | RefusedAddress:
    """The address in an announcement's `http` member, or why it is refused."""
    if not isinstance(text, str):
        return RefusedAddress(AddressFault.NOT_TEXT, "is not text")
    if len(text) > LONGEST:
        return RefusedAddress(AddressFault.TOO_LONG, f"is over {LONGEST} characters")
    if not text.isprintable() or any(letter.isspace() for letter in text):
        return RefusedAddress(AddressFault.CONTROL, "holds a space or a control character")
    found = _PARTS.fullmatch(text)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in _PORTS or text[len(scheme) :][:3] != "://":
        return RefusedAddress(AddressFault.SCHEME, "does not begin with http:// or https://")
    return _from_parts(scheme, found[2], found[3], ports)


def _from_parts(
    scheme: str, netloc: str, rest: str, ports: Collection[int]
) -> Address | RefusedAddress:
    if "@" in netloc or "@" in rest:
        return RefusedAddress(AddressFault.USER_INFO, "holds a user name or a password")
    if rest not in {"", "/"}:
        return RefusedAddress(AddressFault.PATH, "has a path, a query or a fragment")
    host, colon, port = netloc.rpartition(":") if _has_port(netloc) else (netloc, "", "")
    if not host:
        return RefusedAddress(AddressFault.NO_HOST, "names no host")
    number = _port(port) if colon else _PORTS[scheme]
    if number is None or number not in ports:
        return RefusedAddress(AddressFault.PORT, "has a port that is not in http.ports")
    checked = _host(host)
    if isinstance(checked, RefusedAddress):
        return checked
    return Address(scheme == "https", str(checked), number, _ip(checked))


def _has_port(netloc: str) -> bool:
    return ":" in netloc.rpartition("]")[2]


def _port(text: str) -> int | None:
    return int(text) if _PORT.fullmatch(text) else None


def _ip(host: str | Ip) -> Ip | None:
    return None if isinstance(host, str) else host


def _host(host: str) -> str | Ip | RefusedAddress:
    if not host.isascii():
        # Full-width digits and dots turn into an address when names are normalised.
        return RefusedAddress(AddressFault.NON_ASCII, "has letters other than ASCII in its host")
    if host.startswith("[") or host.endswith("]"):
        return _ipv6(host)
    labels = host.removesuffix(".").split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return _ipv4(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return RefusedAddress(AddressFault.HOST, "has a host that is neither a name nor an address")
    return host.lower()


def _ipv4(host: str) -> Ip | RefusedAddress:
    try:
        return IPv4Address(host)
    except ValueError:
        return RefusedAddress(
            AddressFault.SPELLING, "spells an address otherwise than as four decimal numbers"
        )


def _ipv6(host: str) -> Ip | RefusedAddress:
    if "%" in host:
        return RefusedAddress(AddressFault.ZONE, "names a network interface")
    try:
        if not (host.startswith("[") and host.endswith("]")):
            raise ValueError
        return IPv6Address(host[1:-1])
    except ValueError:
        return RefusedAddress(AddressFault.HOST, "has brackets around what is no IPv6 address")


def parse_ip(text: str) -> Ip | None:
    """An address as resolvers return it; None for one with a zone, or for other text."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None
