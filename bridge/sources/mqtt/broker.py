"""What we know of a broker before we talk to it, and why we may not be talking to it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are to it; `keepalive` in seconds."""

    host: str
    port: int
    client_id: str
    tls: bool = False
    username: str | None = None
    password: Callable[[], str | None] = lambda: None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    keepalive: int = 30


class Loss(StrEnum):
    """Why a connection ended or was none."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    REFUSED = "refused"
    CLOSED = "closed"
    PROTOCOL = "protocol"
    SILENT = "silent"
    DEAF = "deaf"
