"""Polling: whom to ask over HTTP, when, and for which page."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import Address, Refused, read_address
from bridge.core.polling.outcome import Outcome, Page
from bridge.core.polling.schedule import Ask, Mode, PollPlan
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.poll_replies import Answers, Differences, Replies
from bridge.runtime.round_robin import Portions
from bridge.sources.http.client import Reply

LOOKED_AT_ONCE = 500
REFRESH_SECONDS = 5.0


class Logins(Protocol):
    """Who knows what is sent to chargers."""

    def refresh(self) -> bool:
        """Read what changed, off the event loop; True where something did."""


class Teller(Differences, Protocol):
    """Who is told of addresses that are not polled."""

    def address_refused(self, charger: ChargerId, refused: Refused) -> None:
        """A charger announced an address that is none, or none that may be polled."""


@dataclass(slots=True)
class _Known:
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
        tracks: Mapping[ChargerId, Telemetry],
        plan: PollPlan,
        readers: Mapping[Dialect, StatusReader],
        ports: tuple[int, ...],
        replies: Replies,
        teller: Teller,
    ) -> None:
        self._tracks = tracks
        self._plan = plan
        self._ports = ports
        self._teller = teller
        self._answers = Answers(readers=readers, replies=replies, teller=teller)
        self._known: dict[ChargerId, _Known] = {}
        self._round = Portions(tracks.values)
        self.outcomes: dict[str, int] = dict.fromkeys(Outcome, 0)

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
        for track in self._round.take(LOOKED_AT_ONCE, seconds):
            if self._tracks.get(track.charger.id) is track:
                self._look(track, now)

    def rewind(self) -> None:
        """Begin a new round, if the last one is done."""
        self._round.rewind()

    def announced(self, charger: ChargerId, now: Moment) -> None:
        """A live announcement: whatever made it connect anew, /status knows."""
        if (track := self._tracks.get(charger)) is not None:
            # The plan may not know it yet, or not where it is now.
            self._look(track, now)
        self._plan.soon(charger, now.steady)

    def forget(self, charger: ChargerId) -> None:
        """It retired."""
        self._known.pop(charger, None)
        self._plan.remove(charger)

    def take(self, ask: Ask, reply: Reply, now: Moment) -> None:
        """A request ended."""
        self.outcomes[reply.outcome] += 1
        track = self._tracks.get(ask.charger)
        known = self._known.get(ask.charger)
        if track is None or (known is not None and ask.began < known.since):
            return
        if known is not None:
            known.refused = reply.refused is not None
        if reply.refused is not None:
            self._teller.address_refused(ask.charger, reply.refused)
        self._answers.take(track, ask.page, reply, now)
        if ask.page is Page.STATUS and reply.outcome is Outcome.OK:
            for page in track.gateway.wanted:
                self._plan.want(ask.charger, page)

    async def keep_logins(self, logins: Logins, clock: Callable[[], Moment]) -> None:
        """Take up changed credentials, for ever."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            if await asyncio.to_thread(logins.refresh):
                self._plan.credentials_changed(clock().steady)

    def _look(self, track: Telemetry, now: Moment) -> None:
        charger = track.charger
        known = self._known.get(charger.id)
        if known is None:
            known = self._known[charger.id] = _Known(now.steady, alarms=track.poll_hints)
        if (said := track.http_address(now, known.said)) != known.said:
            self._move(charger.id, known, said, now)
        mode = track.poll_mode(now)
        self._plan.mode(charger.id, mode if known.address else Mode.OFF, now.steady)
        if known.alarms != track.poll_hints:
            known.alarms = track.poll_hints
            self._plan.soon(charger.id, now.steady)

    def _move(self, charger: ChargerId, known: _Known, said: str | None, now: Moment) -> None:
        found = None if said is None else read_address(said, self._ports)
        known.since, known.said, known.address, known.refused = now.steady, said, None, False
        if isinstance(found, Refused):
            self._teller.address_refused(charger, found)
        elif found is not None:
            known.address = found
            self._plan.moved(charger, now.steady)
