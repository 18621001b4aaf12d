"""A JSON document from a charger's web server, parsed as untrusted input."""

from collections.abc import Mapping

from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.unread import Fault, Unread
from bridge.core.untrusted_json import read_json

Document = Mapping[str, object] | list[object]


def read_document(body: bytes, page: Page) -> Document | Unread:
    """The document, or why it cannot be read; a bad member of it is UNUSABLE."""
    found = read_json(body)
    if isinstance(found, dict | Unread) or (page is Page.CRASHLOG and isinstance(found, list)):
        return found
    return Unread(Fault.WRONG_KIND)


def outcome_of(unread: Unread) -> PollOutcome:
    """The outcome of a request whose document cannot be read."""
    return PollOutcome.TOO_LARGE if unread.fault is Fault.TOO_LARGE else PollOutcome.MALFORMED
