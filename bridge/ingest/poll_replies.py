"""What becomes of a charger's answers over HTTP: each member is a reading, and counted."""

from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.fields.config import Device, read_device
from bridge.core.fields.crashlog import read_crashlog
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect, Reason
from bridge.core.polling.document import Document
from bridge.core.polling.outcome import Outcome, Page
from bridge.core.telemetry.telemetry import Telemetry
from bridge.sources.http.client import Reply


class Replies(Protocol):
    """Who accounts for the members of a document."""

    def reply(self, charger: str, members: int, work: Callable[[], list[Reason]]) -> None:
        """Let the document be taken; an error that nobody foresaw is counted."""


class Differences(Protocol):
    """Who is told of chargers that are not configured as they say."""

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        """A charger is configured to use another topic than it announced."""


class Answers:
    """Hands each page's document to its charger's track."""

    def __init__(
        self,
        *,
        readers: Mapping[Dialect, StatusReader],
        replies: Replies,
        teller: Differences,
    ) -> None:
        self._readers = readers
        self._replies = replies
        self._teller = teller

    def take(self, track: Telemetry, page: Page, reply: Reply, now: Moment) -> None:
        """Take what came of a request."""
        document = reply.document if reply.outcome is Outcome.OK else None
        match page:
            case Page.STATUS:
                self._status(track, document, reply.seconds, now)
            case _ if document is not None:
                work = self._config if page is Page.CONFIG else self._crashlog
                charger = track.charger.id
                self._replies.reply(charger, len(document), lambda: work(track, document, now))
            case _ if reply.outcome.answered and reply.outcome is not Outcome.UNAUTHORIZED:
                missing = reply.outcome is Outcome.NOT_FOUND
                track.gateway.page_missing(page, now, for_good=missing)

    def _status(
        self, track: Telemetry, document: Document | None, seconds: float, now: Moment
    ) -> None:
        if not isinstance(document, dict):
            track.poll_failed(seconds, now)
            return
        reader = self._readers[track.charger.dialect]
        self._replies.reply(
            track.charger.id,
            len(document),
            lambda: track.receive_status(reader.read(document, now.wall), seconds, now),
        )

    def _config(self, track: Telemetry, document: Document, now: Moment) -> list[Reason]:
        device = read_device(document) if isinstance(document, dict) else Device()
        charger = track.charger
        self._compare(charger, device, "mqtt_topic", charger.base)
        self._compare(charger, device, "mqtt_announce_topic", charger.announce_topic)
        return track.receive_config(device, now)

    def _compare(
        self, charger: Charger, device: Device, member: str, announced: str | None
    ) -> None:
        """Where the two differ, it has not connected since it was configured anew, or what
        was heard is another charger's."""
        configured = device.text(member)
        if configured is not None and announced is not None and configured != announced:
            self._teller.config_differs(charger.id, member, configured, announced)

    def _crashlog(self, track: Telemetry, document: Document, now: Moment) -> list[Reason]:
        track.gateway.observe_crashlog(read_crashlog(document, now.wall), now)
        return [Reason.NOT_TELEMETRY] * len(document)
