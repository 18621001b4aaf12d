"""Processes a charger's replies over HTTP: each member counts as a reading."""

from collections.abc import Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.fields.config import DeviceConfig, read_config
from bridge.core.fields.crashlog import read_crashlog
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect, Reason
from bridge.core.polling.document import Document
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.telemetry.telemetry import Telemetry
from bridge.core.unread import Unread
from bridge.ingest.pipeline import DocumentPipeline


class RepliesReport(Protocol):
    """Logs and counts what is wrong with a charger's replies."""

    def document_unread(self, charger: ChargerId, page: Page, unread: Unread) -> None:
        """A document could not be read."""

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        """A charger is configured to use another topic than it announced."""


class PollReplies:
    """Passes each page's document to its charger's telemetry."""

    def __init__(
        self,
        *,
        readers: Mapping[Dialect, StatusReader],
        documents: DocumentPipeline,
        report: RepliesReport,
    ) -> None:
        self._readers = readers
        self._documents = documents
        self._report = report

    def process(self, telemetry: Telemetry, page: Page, reply: PollReply, now: Moment) -> None:
        """Process the reply to a request."""
        document = reply.document if reply.outcome is PollOutcome.OK else None
        if reply.unread is not None:
            self._report.document_unread(telemetry.charger.id, page, reply.unread)
        match page:
            case Page.STATUS:
                self._status(telemetry, document, reply.seconds, now)
            case _ if document is not None:
                work = self._config if page is Page.CONFIG else self._crashlog
                charger = telemetry.charger.id
                self._documents.process(
                    charger, len(document), lambda: work(telemetry, document, now)
                )
            case _ if reply.outcome.answered and reply.outcome is not PollOutcome.UNAUTHORIZED:
                missing = reply.outcome is PollOutcome.NOT_FOUND
                telemetry.documents.page_missing(page, now, permanent=missing)

    def _status(
        self, telemetry: Telemetry, document: Document | None, seconds: float, now: Moment
    ) -> None:
        if not isinstance(document, dict):
            telemetry.documents.poll_failed(seconds, now)
            return
        reader = self._readers[telemetry.charger.dialect]
        self._documents.process(
            telemetry.charger.id,
            len(document),
            lambda: telemetry.documents.receive_status(
                reader.read(document, now.unix), seconds, now
            ),
        )

    def _config(self, telemetry: Telemetry, document: Document, now: Moment) -> list[Reason]:
        device = read_config(document) if isinstance(document, dict) else DeviceConfig()
        charger = telemetry.charger
        self._compare(charger, device, "mqtt_topic", charger.base)
        self._compare(charger, device, "mqtt_announce_topic", charger.announce_topic)
        return telemetry.documents.receive_config(device, now)

    def _compare(
        self, charger: Charger, device: DeviceConfig, member: str, announced: str | None
    ) -> None:
        """Where the two differ, the charger has not reconnected since it was reconfigured, or
        the announcement is from another charger."""
        configured = device.text(member)
        if configured is None or announced is None:
            return
        # A broker bridge may put a prefix before the charger's topics.
        if announced != configured and not announced.endswith(f"/{configured}"):
            self._report.config_differs(charger.id, member, configured, announced)

    def _crashlog(self, telemetry: Telemetry, document: Document, now: Moment) -> list[Reason]:
        records = read_crashlog(document, now.unix)
        return telemetry.documents.receive_crashlog(records, len(document), now)
