"""Polling: whom to ask over HTTP, when, and for which page."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import Address, RefusedAddress, read_address
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.schedule import Mode, PollRequest, PollSchedule
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.poll_replies import ConfigReport, DocumentPipeline, PollReplies
from bridge.runtime.round_robin import RoundRobin
from bridge.sources.http.client import PollReply

LOOKED_AT_ONCE = 500
REFRESH_SECONDS = 5.0


class ReloadedCredentials(Protocol):
    """Who knows what is sent to chargers."""

    def refresh(self) -> bool:
        """Read what changed, off the event loop; True where something did."""


class PollingReport(ConfigReport, Protocol):
    """Who is told of addresses that are not polled."""

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        """A charger announced an address that is none, or none that may be polled."""


@dataclass(slots=True)
class _Polled:
    """What polling remembers of one charger."""

    since: float
    """Steady time since when it is asked there; what was asked before tells nothing of it."""
    said: str | None = None
    address: Address | None = None
    refused: bool = False
    """The address is none that may be asked, as the last request found."""
    alarms: int = 0


class Polling:
    """Keeps the plan in step with the chargers, and hands them what they answered."""

    def __init__(
        self,
        *,
        telemetries: Mapping[ChargerId, Telemetry],
        plan: PollSchedule,
        readers: Mapping[Dialect, StatusReader],
        ports: tuple[int, ...],
        replies: DocumentPipeline,
        report: PollingReport,
    ) -> None:
        self._telemetries = telemetries
        self._plan = plan
        self._ports = ports
        self._report = report
        self._answers = PollReplies(readers=readers, replies=replies, report=report)
        self._known: dict[ChargerId, _Polled] = {}
        self._round = RoundRobin(telemetries.values)
        self.outcomes: dict[str, int] = dict.fromkeys(PollOutcome, 0)

    @property
    def stretch(self) -> float:
        """By how much polls come later than asked for."""
        return self._plan.stretch

    def address(self, charger: ChargerId) -> Address | None:
        """Where to ask this charger; None where it said nothing that may be asked."""
        known = self._known.get(charger)
        return None if known is None else known.address

    def unpollable(self, charger: ChargerId) -> bool:
        """Whether it has no address that may be asked; False before anyone looked."""
        known = self._known.get(charger)
        return known is not None and (known.address is None or known.refused)

    def sweep(self, now: Moment, seconds: float = math.inf) -> None:
        """Look at some chargers, for so long, going round."""
        for telemetry in self._round.next(LOOKED_AT_ONCE, seconds):
            if self._telemetries.get(telemetry.charger.id) is telemetry:
                self._schedule_charger(telemetry, now)

    def begin_round(self) -> None:
        """Begin a new round, if the last one is done."""
        self._round.begin_round()

    def announced(self, charger: ChargerId, now: Moment) -> None:
        """A live announcement: whatever made it connect anew, /status knows."""
        if (telemetry := self._telemetries.get(charger)) is not None:
            # The plan may not know it yet, or not where it is now.
            self._schedule_charger(telemetry, now)
        self._plan.poll_soon(charger, now.steady)

    def forget(self, charger: ChargerId) -> None:
        """It retired."""
        self._known.pop(charger, None)
        self._plan.remove(charger)

    def poll_ended(self, ask: PollRequest, reply: PollReply, now: Moment) -> None:
        """A request ended."""
        self.outcomes[reply.outcome] += 1
        telemetry = self._telemetries.get(ask.charger)
        known = self._known.get(ask.charger)
        if telemetry is None or (known is not None and ask.began < known.since):
            return
        if known is not None:
            known.refused = reply.refused is not None
        if reply.refused is not None:
            self._report.address_refused(ask.charger, reply.refused)
        self._answers.process(telemetry, ask.page, reply, now)
        if ask.page is Page.STATUS and reply.outcome is PollOutcome.OK:
            for page in telemetry.gateway.wanted:
                self._plan.request_page(ask.charger, page)

    async def reload_credentials(
        self, logins: ReloadedCredentials, clock: Callable[[], Moment]
    ) -> None:
        """Take up changed credentials, for ever."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            if await asyncio.to_thread(logins.refresh):
                self._plan.credentials_changed(clock().steady)

    def _schedule_charger(self, telemetry: Telemetry, now: Moment) -> None:
        charger = telemetry.charger
        known = self._known.get(charger.id)
        if known is None:
            known = self._known[charger.id] = _Polled(now.steady, alarms=telemetry.poll_hints)
        if (said := telemetry.http_address(now, known.said)) != known.said:
            self._change_address(charger.id, known, said, now)
        mode = telemetry.poll_mode(now)
        self._plan.set_mode(charger.id, mode if known.address else Mode.OFF, now.steady)
        if known.alarms != telemetry.poll_hints:
            known.alarms = telemetry.poll_hints
            self._plan.poll_soon(charger.id, now.steady)

    def _change_address(
        self, charger: ChargerId, known: _Polled, said: str | None, now: Moment
    ) -> None:
        found = None if said is None else read_address(said, self._ports)
        known.since, known.said, known.address, known.refused = now.steady, said, None, False
        if isinstance(found, RefusedAddress):
            self._report.address_refused(charger, found)
        elif found is not None:
            known.address = found
            self._plan.address_changed(charger, now.steady)
