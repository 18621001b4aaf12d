"""The pages that may be requested from a charger, and how a request can end."""

from enum import StrEnum


class Page(StrEnum):
    """All pages that are ever requested; a path is never built from input.

    Other pages change a charger: GET /reset wipes its configuration.
    """

    STATUS = "/status"
    CONFIG = "/config"
    CRASHLOG = "/crashlog"


class PollOutcome(StrEnum):
    """How a request ended; every request has exactly one."""

    OK = "ok"
    """A valid document for the page."""
    TIMEOUT = "timeout"
    """No complete response in time."""
    UNREACHABLE = "unreachable"
    """No connection, or it ended before a response began."""
    UNRESOLVED = "unresolved"
    """The host name has no address."""
    TLS = "tls"
    """The certificate is not trusted, or the server does not support TLS."""
    FORBIDDEN = "forbidden"
    """The address must not be polled; nothing was sent."""
    UNAUTHORIZED = "unauthorized"
    """401: credentials are missing or wrong."""
    NOT_FOUND = "not_found"
    """404: firmware without this page."""
    REDIRECT = "redirect"
    """3xx, never followed."""
    HTTP_ERROR = "http_error"
    """Any other status except 200."""
    TOO_LARGE = "too_large"
    """The document is over the limit; the rest was not read."""
    MALFORMED = "malformed"
    """Not HTTP, or a document that is truncated, not UTF-8, not JSON or of another kind."""
    BUSY = "busy"
    """A request to this charger, address or port is in flight or just ended; nothing was sent."""
    UNTRUSTED = "untrusted"
    """The charger was not heard for long enough to be given the shared login; nothing was sent."""

    @property
    def answered(self) -> bool:
        """Whether the host responded at all."""
        return self not in _SILENT

    @property
    def sent(self) -> bool:
        """Whether a connection was tried."""
        return self not in _NOT_SENT


_BAD_STATUS = {401: PollOutcome.UNAUTHORIZED, 404: PollOutcome.NOT_FOUND}


def of_status(status: int) -> PollOutcome:
    """The outcome of an HTTP status; OK only means that a document may follow."""
    if status == 200:
        return PollOutcome.OK
    redirect = 300 <= status < 400
    return PollOutcome.REDIRECT if redirect else _BAD_STATUS.get(status, PollOutcome.HTTP_ERROR)


_SILENT = frozenset(
    {
        PollOutcome.TIMEOUT, PollOutcome.UNREACHABLE, PollOutcome.UNRESOLVED, PollOutcome.TLS,
        PollOutcome.FORBIDDEN, PollOutcome.BUSY, PollOutcome.UNTRUSTED,
    }
)  # fmt: skip
_NOT_SENT = frozenset(
    {PollOutcome.UNRESOLVED, PollOutcome.FORBIDDEN, PollOutcome.BUSY, PollOutcome.UNTRUSTED}
)
