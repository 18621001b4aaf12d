"""Addresses in the settings: of the broker, of stores, and where the page listens.

A URL is never repeated in a message: people put passwords into them.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from bridge.settings.parse import Wrong, quoted, text

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_LISTEN = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):([0-9]{1,5})")
_LISTEN_REMEDY = "write host:port, such as 0.0.0.0:9876, 127.0.0.1:9876 or [::]:9876"
_MQTT_REMEDY = "write mqtt://host:1883 or mqtts://host:8883"
_STORE_REMEDY = "write http://host:8086 or https://host"


@dataclass(frozen=True, slots=True)
class MqttUrl:
    """Where the broker is; the port is 1883, or 8883 with TLS, where none is named."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"mqtt{'s' if self.tls else ''}://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class Listen:
    """A host and a port to listen on; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def mqtt_url(value: object) -> MqttUrl:
    """`mqtt://host[:port]` or `mqtts://host[:port]`, without user-info."""
    said = _split(value, ("mqtt", "mqtts"), _MQTT_REMEDY)
    _refuse_login(said, "use mqtt.username and mqtt.password instead")
    if said.path not in {"", "/"} or said.query or said.fragment:
        raise Wrong("there is more than host and port in the URL", _MQTT_REMEDY)
    host, port = _place(said, _MQTT_REMEDY)
    tls = said.scheme == "mqtts"
    return MqttUrl(host, port or (8883 if tls else 1883), tls)


def store_url(value: object) -> str:
    """`http://host[:port][/path]` or `https://…`, without user-info, query or last slash."""
    said = _split(value, ("http", "https"), _STORE_REMEDY)
    _refuse_login(said, "use the token setting instead")
    if said.query or said.fragment:
        raise Wrong("the URL holds a query or a fragment", "use org, bucket and token instead")
    host, port = _place(said, _STORE_REMEDY)
    where = _bracketed(host) + (f":{port}" if port else "")
    return f"{said.scheme}://{where}{said.path.rstrip('/')}"


def _split(value: object, schemes: tuple[str, str], remedy: str) -> SplitResult:
    said = text(value).strip()
    if not said.isprintable() or " " in said:
        raise Wrong("the URL holds a space or a control character", remedy)
    try:
        parts = urlsplit(said)
    except ValueError:
        raise Wrong("it is not a URL", remedy) from None
    if parts.scheme not in schemes or not said.lower().startswith(f"{parts.scheme}://"):
        raise Wrong(f"it does not begin with {schemes[0]}:// or {schemes[1]}://", remedy)
    return parts


def _refuse_login(said: SplitResult, remedy: str) -> None:
    if "@" in said.netloc + said.path + said.query + said.fragment:
        raise Wrong("there is a user name or a password in the URL", remedy)


def _place(said: SplitResult, remedy: str) -> tuple[str, int | None]:
    """The host and the port; None where no port is named."""
    try:
        host, port = said.hostname or "", said.port
    except ValueError:
        raise Wrong("the port is not a number from 1 to 65535", remedy) from None
    if port == 0:
        raise Wrong("the port is not a number from 1 to 65535", remedy)
    if not _is_host(host):
        raise Wrong("the host is neither a name nor an address", remedy)
    return host, port


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def listen(value: object) -> Listen:
    """`host:port`; an IPv6 address stands in brackets."""
    found = _LISTEN.fullmatch(text(value).strip())
    if not found:
        raise Wrong(f"{quoted(value)} is not host:port", _LISTEN_REMEDY)
    host, port = found[1] or found[2], int(found[3])
    if not _is_host(host) or bool(found[1]) != (":" in host):
        raise Wrong(f"{quoted(host)} is neither a name nor an address", _LISTEN_REMEDY)
    if port > 65535:
        raise Wrong(f"port {port} is above 65535", _LISTEN_REMEDY)
    return Listen(host, port)
