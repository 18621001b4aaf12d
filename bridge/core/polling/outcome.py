"""What may be asked of a charger over HTTP, and how a request can end."""

from enum import StrEnum


class Page(StrEnum):
    """All that is ever asked for; a path is never built from input.

    Others change a charger: GET /reset wipes its configuration.
    """

    STATUS = "/status"
    CONFIG = "/config"
    CRASHLOG = "/crashlog"


class PollOutcome(StrEnum):
    """How a request ended; every request has exactly one."""

    OK = "ok"
    """A document of the right kind came."""
    TIMEOUT = "timeout"
    """No whole answer in time."""
    UNREACHABLE = "unreachable"
    """No connection, or one that ended before an answer began."""
    UNRESOLVED = "unresolved"
    """The host's name has no address."""
    TLS = "tls"
    """The certificate is not trusted, or the other side speaks no TLS."""
    FORBIDDEN = "forbidden"
    """The address must not be polled; nothing was sent."""
    UNAUTHORIZED = "unauthorized"
    """401: credentials are missing or wrong."""
    NOT_FOUND = "not_found"
    """404: firmware without this page."""
    REDIRECT = "redirect"
    """3xx, never followed."""
    HTTP_ERROR = "http_error"
    """Any other status but 200."""
    TOO_LARGE = "too_large"
    """The document is over the limit; the rest was not read."""
    MALFORMED = "malformed"
    """No HTTP, or a document that is cut off, no UTF-8, no JSON or of another kind."""
    BUSY = "busy"
    """A request to this charger is still in flight; nothing was sent."""

    @property
    def answered(self) -> bool:
        """Whether the host said something, good or bad."""
        return self not in _SILENT


_BAD_STATUS = {401: PollOutcome.UNAUTHORIZED, 404: PollOutcome.NOT_FOUND}


def of_status(status: int) -> PollOutcome:
    """What an HTTP status means; OK only says that a document may follow."""
    if status == 200:
        return PollOutcome.OK
    redirect = 300 <= status < 400
    return PollOutcome.REDIRECT if redirect else _BAD_STATUS.get(status, PollOutcome.HTTP_ERROR)


_SILENT = frozenset(
    {
        PollOutcome.TIMEOUT, PollOutcome.UNREACHABLE, PollOutcome.UNRESOLVED, PollOutcome.TLS,
        PollOutcome.FORBIDDEN, PollOutcome.BUSY,
    }
)  # fmt: skip
