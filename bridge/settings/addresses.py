"""Addresses in the settings: of the broker, of stores, and the listen address of the web server.

Error messages never repeat a URL: it may contain a password.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from bridge.settings.parse import InvalidValue, quoted, text

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_LISTEN = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):([0-9]{1,5})")
_LISTEN_REMEDY = "write host:port, such as 0.0.0.0:9876, 127.0.0.1:9876 or [::]:9876"
_MQTT_REMEDY = "write mqtt://host:1883 or mqtts://host:8883"
_STORE_REMEDY = "write http://host:8086 or https://host"


@dataclass(frozen=True, slots=True)
class MqttUrl:
    """The broker's address; the default port is 1883, or 8883 with TLS."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"mqtt{'s' if self.tls else ''}://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A host and a port to listen on; port 0 means any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def parse_mqtt_url(value: object) -> MqttUrl:
    """`mqtt://host[:port]` or `mqtts://host[:port]`, without user-info."""
    url = _split(value, ("mqtt", "mqtts"), _MQTT_REMEDY)
    _reject_credentials(url, "use mqtt.username and mqtt.password instead")
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise InvalidValue("the URL contains more than host and port", _MQTT_REMEDY)
    host, port = _host_and_port(url, _MQTT_REMEDY)
    tls = url.scheme == "mqtts"
    return MqttUrl(host, port or (8883 if tls else 1883), tls)


def parse_store_url(value: object) -> str:
    """`http://host[:port][/path]` or `https://…`, without user-info, query or last slash."""
    url = _split(value, ("http", "https"), _STORE_REMEDY)
    _reject_credentials(url, "use the token setting instead")
    if url.query or url.fragment:
        raise InvalidValue(
            "the URL contains a query or a fragment", "use org, bucket and token instead"
        )
    host, port = _host_and_port(url, _STORE_REMEDY)
    authority = _bracketed(host) + (f":{port}" if port else "")
    return f"{url.scheme}://{authority}{url.path.rstrip('/')}"


def _split(value: object, schemes: tuple[str, str], remedy: str) -> SplitResult:
    url = text(value).strip()
    if not url.isprintable() or " " in url:
        raise InvalidValue("the URL contains a space or a control character", remedy)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidValue("it is not a URL", remedy) from None
    if parts.scheme not in schemes or not url.lower().startswith(f"{parts.scheme}://"):
        raise InvalidValue(f"it does not start with {schemes[0]}:// or {schemes[1]}://", remedy)
    return parts


def _reject_credentials(url: SplitResult, remedy: str) -> None:
    if "@" in url.netloc + url.path + url.query + url.fragment:
        raise InvalidValue("the URL contains a user name or a password", remedy)


def _host_and_port(url: SplitResult, remedy: str) -> tuple[str, int | None]:
    """The host and the port; None for no port."""
    try:
        host, port = url.hostname or "", url.port
    except ValueError:
        raise InvalidValue("the port is not a number from 1 to 65535", remedy) from None
    if port == 0:
        raise InvalidValue("the port is not a number from 1 to 65535", remedy)
    if not _is_host(host):
        raise InvalidValue("the host is neither a name nor an address", remedy)
    return host, port


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def parse_listen(value: object) -> ListenAddress:
    """`host:port`; an IPv6 address needs brackets."""
    found = _LISTEN.fullmatch(text(value).strip())
    if not found:
        raise InvalidValue(f"{quoted(value)} is not host:port", _LISTEN_REMEDY)
    host, port = found[1] or found[2], int(found[3])
    if not _is_host(host) or bool(found[1]) != (":" in host):
        raise InvalidValue(f"{quoted(host)} is neither a name nor an address", _LISTEN_REMEDY)
    if port > 65535:
        raise InvalidValue(f"port {port} is above 65535", _LISTEN_REMEDY)
    return ListenAddress(host, port)
