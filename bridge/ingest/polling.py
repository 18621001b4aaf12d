"""Polling: keeps the schedule in step with the chargers, and processes what they reply."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import Address, RefusedAddress
from bridge.core.polling.host_names import read_announced
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.request_gate import web_server
from bridge.core.polling.schedule import Mode, PollRequest, PollSchedule
from bridge.core.polling.server_queues import ServerQueues
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.boundary import Boundary
from bridge.ingest.known_chargers import KnownChargers
from bridge.ingest.pipeline import DocumentPipeline
from bridge.ingest.poll_replies import PollReplies, RepliesReport
from bridge.runtime.blocking_call import BlockingCall
from bridge.runtime.round_robin import RoundRobin

SWEPT_AT_ONCE = 500
REFRESH_SECONDS = 5.0


class ReloadedCredentials(Protocol):
    """Credentials that may change while the bridge runs."""

    def refresh(self) -> bool:
        """Read what changed, off the event loop; True where something did."""

    def new_problem(self) -> str | None:
        """Why the file as read last is not used; None if there is none, or it was asked before."""


class PollingReport(RepliesReport, Protocol):
    """Counts and logs addresses that are not polled, and credentials that are not used."""

    def credentials_refused(self, why: str) -> None:
        """The credentials file changed, and cannot be used."""

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        """A charger announced an address that cannot be used, or must not be polled."""

    def address_shared(self, charger: ChargerId, first: ChargerId) -> None:
        """A charger announced an address at which another one answered before."""

    def login_withheld(self, charger: ChargerId) -> None:
        """A charger is not polled: it is not trusted with the shared login."""


@dataclass(slots=True)
class _Polled:
    """The polling state of one charger."""

    since: float
    """Steady time since when this address is polled; earlier requests went to another one."""
    announced: str | None = None
    address: Address | None = None
    refused: bool = False
    """The last request found that the address must not be polled."""
    hints: int = 0


class Polling:
    """Decides whom to poll and at which address; processes the reply to each request."""

    def __init__(
        self,
        *,
        telemetries: Mapping[ChargerId, Telemetry],
        schedule: PollSchedule,
        queues: ServerQueues,
        known: KnownChargers,
        readers: Mapping[Dialect, StatusReader],
        ports: tuple[int, ...],
        names: tuple[str, ...] = (),
        documents: DocumentPipeline,
        boundary: Boundary,
        report: PollingReport,
    ) -> None:
        self._telemetries = telemetries
        self._schedule = schedule
        self._queues = queues
        self._known = known
        self._ports = ports
        self._names = names
        self._report = report
        self._boundary = boundary
        self._replies = PollReplies(readers=readers, documents=documents, report=report)
        self._polled: dict[ChargerId, _Polled] = {}
        self._round = RoundRobin(telemetries.values)
        self.outcomes: dict[str, int] = dict.fromkeys(PollOutcome, 0)

    @property
    def stretch(self) -> float:
        """By which factor polls are later than configured."""
        return self._schedule.stretch

    def address(self, charger: ChargerId) -> Address | None:
        """The address to poll; None where the charger announced none that may be polled."""
        polled = self._polled.get(charger)
        return None if polled is None else polled.address

    def unpollable(self, charger: ChargerId) -> bool:
        """Whether the charger has no address that may be polled; False before its first sweep."""
        polled = self._polled.get(charger)
        return polled is not None and (polled.address is None or polled.refused)

    def sweep(self, now: Moment, seconds: float = math.inf) -> None:
        """Update the schedule for some chargers, in turn, within so many seconds."""
        for telemetry in self._round.next(SWEPT_AT_ONCE, seconds):
            if self._telemetries.get(telemetry.charger.id) is telemetry:
                charger = telemetry.charger.id
                self._boundary.run(charger, self._schedule_charger, telemetry, now)

    def begin_round(self) -> None:
        """Begin a new round, if the last one is done."""
        self._round.begin_round()

    def poll_soon(self, charger: ChargerId, now: Moment) -> None:
        """The charger just announced itself: /status may have changed."""
        if (telemetry := self._telemetries.get(charger)) is not None:
            # The schedule may not have it yet, or not its current address.
            self._schedule_charger(telemetry, now)
        self._schedule.poll_soon(charger, now.steady)

    def remove(self, charger: ChargerId) -> None:
        """The charger retired."""
        self._polled.pop(charger, None)
        self._schedule.remove(charger)

    def poll_ended(self, request: PollRequest, reply: PollReply, now: Moment) -> None:
        """A request ended."""
        self.outcomes[reply.outcome] += 1
        self._boundary.run(request.charger, self._process, request, reply, now)

    async def reload_credentials(
        self, credentials: ReloadedCredentials, clock: Callable[[], Moment]
    ) -> None:
        """Reload changed credentials, until cancelled."""
        refresh = BlockingCall(credentials.refresh)
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            with contextlib.suppress(TimeoutError):
                if await refresh.result():
                    self._schedule.credentials_changed(clock().steady)
            if (why := credentials.new_problem()) is not None:
                self._report.credentials_refused(why)

    def _process(self, request: PollRequest, reply: PollReply, now: Moment) -> None:
        telemetry = self._telemetries.get(request.charger)
        polled = self._polled.get(request.charger)
        if telemetry is None or (polled is not None and request.began < polled.since):
            return
        if polled is not None:
            polled.refused = reply.refused is not None
        if reply.refused is not None:
            self._report.address_refused(request.charger, reply.refused)
        if reply.outcome is PollOutcome.BUSY:
            return
        self._note_withheld(telemetry.charger, withheld=reply.outcome is PollOutcome.UNTRUSTED)
        if reply.outcome is PollOutcome.UNTRUSTED:
            return
        if reply.outcome is PollOutcome.OK and polled is not None and polled.announced is not None:
            telemetry.charger.answered_at(polled.announced, now.unix)
            self._queues.answered(request.charger, telemetry.charger.answers_unix)
        self._receive(telemetry, request, reply, now)

    def _receive(
        self, telemetry: Telemetry, request: PollRequest, reply: PollReply, now: Moment
    ) -> None:
        if (period := self._schedule.period(request.charger)) is not None:
            telemetry.documents.polled_every(period)
        self._replies.process(telemetry, request.page, reply, now)
        if request.page is Page.STATUS and reply.outcome is PollOutcome.OK:
            for page in telemetry.documents.wanted(now):
                self._schedule.request_page(request.charger, page)

    def _schedule_charger(self, telemetry: Telemetry, now: Moment) -> None:
        charger = telemetry.charger
        self._known.observe(charger, now)
        polled = self._polled.get(charger.id)
        if polled is None:
            polled = self._polled[charger.id] = _Polled(
                now.steady, hints=telemetry.documents.poll_hints
            )
        if (
            announced := telemetry.documents.http_address(now, polled.announced)
        ) != polled.announced:
            self._change_address(charger, polled, announced, now)
        self._note_queue(charger)
        self._note_trust(charger, now)
        mode = telemetry.documents.poll_mode(now)
        self._schedule.set_mode(charger.id, mode if polled.address else Mode.OFF, now.steady)
        if polled.hints != telemetry.documents.poll_hints:
            polled.hints = telemetry.documents.poll_hints
            self._schedule.poll_soon(charger.id, now.steady)

    def _change_address(
        self, charger: Charger, polled: _Polled, announced: str | None, now: Moment
    ) -> None:
        found = None if announced is None else read_announced(announced, self._ports, self._names)
        polled.since, polled.announced, polled.address, polled.refused = (
            now.steady,
            announced,
            None,
            False,
        )
        if isinstance(found, RefusedAddress):
            self._report.address_refused(charger.id, found)
        elif found is not None:
            polled.address = found
        server = None if polled.address is None else web_server(polled.address)
        self._schedule.address_changed(charger.id, now.steady, server)
        if announced and (since := charger.answered_since(announced)) is not None:
            self._queues.answered(charger.id, since)

    def _note_queue(self, charger: Charger) -> None:
        first = self._queues.first(charger.id)
        behind = None if first == charger.id else first
        if behind is not None and charger.behind != behind:
            self._report.address_shared(charger.id, behind)
        charger.behind = behind

    def _note_trust(self, charger: Charger, now: Moment) -> None:
        if charger.untrusted and self._known.trusted(charger.id):
            charger.untrusted = False
            self._schedule.poll_soon(charger.id, now.steady)

    def _note_withheld(self, charger: Charger, *, withheld: bool) -> None:
        if withheld and not charger.untrusted:
            self._report.login_withheld(charger.id)
        charger.untrusted = withheld
