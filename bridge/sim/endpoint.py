"""The broker's address and login in a charger's configuration."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bridge.sim.options import SimError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to connect; `tls` is shared by all chargers, None without TLS."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None

    @property
    def protocol(self) -> str:
        """The transport's name in the charger's configuration."""
        return "mqtt" if self.tls is None else "mqtts"


def parse_broker(url: str, ca_file: Path | None = None) -> Endpoint:
    """Read mqtt[s]://[user:password@]host[:port]; raises SimError."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise SimError(_wrong("is not an mqtt:// or mqtts:// address")) from error
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SimError(_wrong("must be mqtt[s]://[user:password@]host[:port]"))
    return Endpoint(
        host=parts.hostname,
        port=port,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls_context(ca_file) if parts.scheme == "mqtts" else None,
    )


def tls_context(ca_file: Path | None, *, verify: bool = True) -> ssl.SSLContext:
    """Trust the system's authorities, or `ca_file` alone; raises SimError."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SimError(f"ca_file {ca_file} cannot be used: {error}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _wrong(why: str) -> str:
    # Without the address itself: it may hold a password.
    return f"the broker address {why}"
