"""How to reach a broker, and the reasons for which a connection fails or ends."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker's address, and our identity and credentials; `keepalive` in seconds."""

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
    """Why a connection failed or ended."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    REFUSED = "refused"
    CLOSED = "closed"
    SUBSCRIBE = "subscribe"
    """The broker ended the connection in place of the answer to a subscription."""
    PROTOCOL = "protocol"
    SILENT = "silent"
    DEAF = "deaf"
