"""The result of one request to a charger's web server."""

from dataclasses import dataclass

from bridge.core.polling.address import RefusedAddress
from bridge.core.polling.document import Document
from bridge.core.polling.outcome import PollOutcome
from bridge.core.polling.request_gate import WebServer
from bridge.core.unread import Unread


@dataclass(frozen=True, slots=True)
class PollReply:
    """How a request ended; `document` only with OK, `refused` only with FORBIDDEN, `unread` only
    with MALFORMED and TOO_LARGE; `server` is where a host name led, also if nothing was sent.

    `seconds` is how long it took, the name look-up included.
    """

    outcome: PollOutcome
    seconds: float
    document: Document | None = None
    refused: RefusedAddress | None = None
    unread: Unread | None = None
    server: WebServer | None = None
