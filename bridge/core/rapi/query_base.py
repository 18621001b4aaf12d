"""Whether a charger may be queried over MQTT: it publishes, and its base is surely its own."""

from bridge.core.clock import Steady
from bridge.core.discovery.announcement import check_base
from bridge.core.discovery.charger import Charger
from bridge.core.errors import AnnounceRefused


def check_query_base(base: str) -> None:
    """Raise AnnounceRefused for a base topic below which nothing must be published.

    A gateway reads everything from the first $ of a topic on as its command: with an announced
    base of `a/rapi/in/$FD`, our query would be a command to the charger at `a`.
    """
    check_base(base)
    if "$" in base:
        raise AnnounceRefused("bad_base", "the base topic holds a $, where a command could hide")


def base_for_queries(charger: Charger, steady: Steady, *, silent_after: float) -> str | None:
    """The base topic to which it is subscribed now; None where that is uncertain."""
    claim = charger.claim
    if claim is None or charger.ambiguous or charger.doubled or charger.offline:
        return None
    # With two bases, only telemetry below the first was accepted.
    if charger.heard_steady is None or steady - charger.heard_steady >= silent_after:
        return None
    try:
        check_query_base(claim.base)
    except AnnounceRefused:
        return None
    return claim.base
