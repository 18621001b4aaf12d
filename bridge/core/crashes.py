"""A gateway's crash records as events, each once, whatever the charger repeats.

Where the firmware keeps no records (GET /crashlog is not found, or does not hold the crash
that /status tells of), the crash itself is the event.
"""

from collections.abc import Sequence

from bridge.core import resets
from bridge.core.boots import Reset
from bridge.core.crashlog import Crash
from bridge.core.model import Body, ChargerId, Event, EventKind
from bridge.core.writer import Writer

REMEMBERED = 64
MOST_TRIES = 3


class Crashes:
    """The crash records of one charger; `wanted`: /crashlog has something to tell."""

    def __init__(self, charger: ChargerId, *, writer: Writer, body: Body) -> None:
        self._charger = charger
        self._writer = writer
        kept = body.get("crash_log")
        self._told = [str(each) for each in kept] if isinstance(kept, list) else []
        self._sighted = isinstance(kept, list)
        self._tries = 0
        untold = body.get("crash_untold")
        self._untold: Reset | None = None
        if isinstance(untold, list) and len(untold) == 4:
            boots, records, code, name = untold
            self._untold = Reset(int(boots), int(records), int(code), str(name))

    @property
    def wanted(self) -> bool:
        return not self._sighted or self._untold is not None

    def happened(self, reset: Reset) -> None:
        """The gateway stored records, or crashed without storing one."""
        if reset.records or reset.crashes:
            self._untold, self._tries = reset, 0
            self._writer.keep()

    def take(self, records: Sequence[Crash], at: float) -> int:
        """Take the log; returns how many crashes are new that /status did not call so."""
        fresh = [each for each in records if each.identity not in self._told]
        for each in fresh:
            self._tell(each.code, each.text, at, each.device_time)
        self._told = [*self._told, *(each.identity for each in fresh)][-REMEMBERED:]
        untold, first = self._untold, not self._sighted
        if untold is None:
            self._settled()
            return 0
        if not fresh and untold.crashes:
            self._tell(untold.code, untold.name, at)
        self._settled()
        crashed = [each for each in fresh if resets.cause(each.code) is resets.Cause.CRASH]
        return 0 if first or untold.crashes else min(len(crashed), untold.records)

    def failed(self, at: float) -> None:
        """The charger answered, but not with a log; a few times it is asked again."""
        self._tries += 1
        if self._tries >= MOST_TRIES:
            self.missing(at)

    def missing(self, at: float) -> None:
        """There is no such log."""
        untold = self._untold
        if untold is not None and untold.crashes:
            self._tell(untold.code, untold.name, at)
        self._settled()

    def _settled(self) -> None:
        self._untold, self._sighted = None, True
        self._writer.keep()

    def _tell(self, code: int, text: str, at: float, device_time: int | None = None) -> None:
        self._writer.event(Event(self._charger, at, EventKind.CRASH, code, text, device_time))

    def body(self) -> Body:
        """What the state file keeps."""
        kept: dict[str, object] = {"crash_log": self._told} if self._sighted else {}
        if (untold := self._untold) is not None:
            kept["crash_untold"] = [untold.boots, untold.records, untold.code, untold.name]
        return kept
