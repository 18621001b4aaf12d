"""Why a document could not be read."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why a document cannot be read at all."""

    NOT_HTTP = "not_http"
    INCOMPLETE = "incomplete"
    """The response ended, or broke, before its document was complete."""
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    NOT_JSON = "not_json"
    TRUNCATED = "truncated"
    """JSON that ends before it is closed."""
    TOO_COMPLEX = "too_complex"
    WRONG_KIND = "wrong_kind"
    """JSON, but a list, a text or a number where an object is due."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that cannot be read: why, and the offset in bytes.

    `member` is the outermost member there: a text from the document, not to be logged.
    """

    fault: Fault
    offset: int = 0
    member: str | None = None
