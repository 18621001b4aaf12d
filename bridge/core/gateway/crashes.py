"""A gateway's crash records as events, each once, however often the charger repeats them.

Where the firmware keeps no records (GET /crashlog is not found, or lacks the crash that
/status reports), the crash itself is the event.
"""

from collections.abc import Sequence
from dataclasses import astuple, fields

from bridge.core.clock import Moment, Steady, Unix
from bridge.core.fields import resets
from bridge.core.fields.crashlog import Crash
from bridge.core.gateway.boots import Reset
from bridge.core.gateway.retry import Retry
from bridge.core.model import ChargerId, Event, EventKind, SavedState
from bridge.core.output.writer import Writer

REMEMBERED = 64
MOST_TRIES = 3
MOST_UNREPORTED = 16


class Crashes:
    """The crash records of one charger."""

    def __init__(self, charger: ChargerId, *, writer: Writer, saved: SavedState) -> None:
        self._charger = charger
        self._writer = writer
        kept = saved.get("crash_log")
        self._reported = [str(each) for each in kept] if isinstance(kept, list) else []
        self._log_seen = isinstance(kept, list)
        self._tries = 0
        self._retry = Retry(due=True)
        self._unreported = _restored(saved.get("crash_untold"))
        ahead = saved.get("crash_log_ahead")
        self._ahead = int(ahead) if isinstance(ahead, int) else 0
        """Above 0: crashes that the log had before /status; below 0: crashes that were
        reported without their records, which the log will have."""

    def wanted(self, steady: Steady) -> bool:
        """Whether /crashlog is worth requesting."""
        return (not self._log_seen or bool(self._unreported)) and self._retry.due(steady)

    def observe_reset(self, reset: Reset) -> None:
        """Record that the gateway stored records, or crashed without storing one."""
        if not self._unreported:
            self._ahead -= reset.late
        if reset.records or reset.crashes:
            self._unreported, self._tries = [*self._unreported, reset][-MOST_UNREPORTED:], 0
            self._retry.begin()
            self._writer.mark_dirty()

    def observe(self, records: Sequence[Crash], now: Moment) -> int:
        """Record the log; returns how many new crashes /status did not report as crashes.

        A gateway that counts a record but has none has not loaded its log yet.
        """
        early = not records and any(reset.records for reset in self._unreported)
        if early and self._tries < MOST_TRIES - 1:
            self.failed(now)
            return 0
        return self._accept(records, now.unix)

    def _accept(self, records: Sequence[Crash], unix: Unix) -> int:
        fresh = [each for each in records if each.identity not in self._reported]
        self._reported = [*self._reported, *(each.identity for each in fresh)][-REMEMBERED:]
        fresh = fresh[max(0, -self._ahead) :]
        for each in fresh:
            self._write_event(each.code, each.text, unix, each.device_time)
        if not fresh and self._ahead <= 0:
            self._write_unreported(unix)
        return self._match(sum(resets.cause(e.code) is resets.Cause.CRASH for e in fresh))

    def _match(self, crashed: int) -> int:
        """Match new crash records with resets; returns how many crashes to count."""
        known = sum(reset.crashes for reset in self._unreported)
        unclear = sum(reset.records for reset in self._unreported if not reset.crashes)
        first = not self._log_seen
        more = 0 if first else min(max(0, crashed - known), unclear)
        # A gateway that crashes repeatedly has the next record before /status reports it.
        self._ahead = 0 if first else max(0, max(0, self._ahead) + crashed - known - more)
        self._settled()
        return more

    def failed(self, now: Moment) -> None:
        """The charger answered without a log; it is requested again a few times."""
        self._tries += 1
        self._retry.failed(now.steady)
        if self._tries >= MOST_TRIES:
            self.missing(now.unix)

    def missing(self, unix: Unix) -> None:
        """The charger has no log."""
        self._write_unreported(unix)
        self._settled()

    def _write_unreported(self, unix: Unix) -> None:
        for reset in self._unreported:
            if reset.crashes:
                self._write_event(reset.code, reset.name, unix)

    def _settled(self) -> None:
        self._unreported, self._log_seen = [], True
        self._writer.mark_dirty()

    def _write_event(
        self, code: int, text: str, unix: Unix, device_time: int | None = None
    ) -> None:
        self._writer.write_event(
            Event(self._charger, unix, EventKind.CRASH, code, text, device_time)
        )

    def saved(self) -> SavedState:
        """What the state file keeps."""
        kept: dict[str, object] = {"crash_log": self._reported} if self._log_seen else {}
        if self._unreported:
            kept["crash_untold"] = [list(astuple(reset)) for reset in self._unreported]
        return {**kept, "crash_log_ahead": self._ahead} if self._ahead else kept


def _restored(saved: object) -> list[Reset]:
    resets_: list[Reset] = []
    for each in saved if isinstance(saved, list) else ():
        if isinstance(each, list) and len(each) == len(fields(Reset)):
            boots, records, late, crashes, code = map(int, each[:-1])
            resets_.append(Reset(boots, records, late, crashes, code, str(each[-1])))
    return resets_
