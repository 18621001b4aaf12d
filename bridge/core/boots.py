"""How often a gateway booted and crashed, as /status tells it.

A crash is told by crash_seq (or, without it, boot_count) rising together with a crash
reason; crash_seq + 3 is three crashes. Source: integration guide, "/status field reference".
"""

from dataclasses import dataclass, replace

from bridge.core import resets
from bridge.core.counters import Growth, ResetProof, Witness
from bridge.core.model import Body, ChargerId, Event, EventKind
from bridge.core.presence import Board
from bridge.core.status import Status
from bridge.core.writer import Writer

GROWTH = Growth(per_second=0.5, burst=100)


@dataclass(frozen=True, slots=True)
class Reset:
    """What a document told of boots since the last one."""

    boots: int
    records: int
    """Crash records that were stored since."""
    code: int
    name: str

    @property
    def crashes(self) -> int:
        """How many of them are known to be crashes."""
        crashed = resets.cause(self.code) is resets.Cause.CRASH
        return (self.records or min(self.boots, 1)) if crashed else 0


class Boots:
    """The counters of one gateway; shown once the state file has them."""

    def __init__(self, charger: ChargerId, *, board: Board, writer: Writer, body: Body) -> None:
        self._charger = charger
        self._writer = writer
        self._boots = ResetProof.restored(GROWTH, body.get("boots"))
        self._records = ResetProof.restored(GROWTH, body.get("crash_records"))
        crashes = body.get("crashes")
        self._crashes = int(crashes) if isinstance(crashes, int) else 0
        self._boots_line = board.line("evse_boots_total", charger, {})
        self._crashes_line = board.line("evse_crashes_total", charger, {})
        self._crashes_line.put(self._crashes)
        if self._boots.total is not None:
            self._boots_line.put(self._boots.total)

    def take(self, status: Status, witness: Witness, at: float) -> Reset | None:
        """Take what a document says; returns what happened since the last, if anything."""
        # The gateway's own numbers: no controller has to be read for them first.
        sure = replace(witness, measured=True)
        booted = self._risen(self._boots, status, "boot_count", sure, at)
        stored = self._risen(self._records, status, "crash_seq", sure, at)
        code = status.value("reset_reason")
        if code is None:
            code = resets.code_of(status.reset)
        reset = Reset(booted, stored, int(code or 0), status.reset or resets.name(0))
        if booted or stored:
            self.crashed(reset.crashes)
        if booted or reset.crashes:
            self._tell(reset, at)
        return reset if booted or stored else None

    def crashed(self, crashes: int) -> None:
        """So many crashes more are known."""
        if crashes:
            self._crashes += crashes
            self._writer.count(self._crashes_line, self._crashes)
            self._writer.keep()

    def _risen(
        self, counter: ResetProof, status: Status, column: str, witness: Witness, at: float
    ) -> int:
        value, before = status.value(column), counter.total
        if value is None:
            return 0
        alone = witness.commands is None
        total = counter.take(float(value), at, state=None, witness=witness, alone=alone)
        if total is None or total == before:
            return 0
        self._writer.keep()
        if counter is self._boots:
            self._writer.count(self._boots_line, total)
        return 0 if before is None else round(total - before)

    def _tell(self, reset: Reset, at: float) -> None:
        text = reset.name if reset.boots <= 1 else f"{reset.name}, {reset.boots} boots"
        self._writer.event(Event(self._charger, at, EventKind.REBOOT, reset.code, text))

    def body(self) -> Body:
        """What the state file keeps."""
        return {
            "boots": self._boots.saved(),
            "crash_records": self._records.saved(),
            "crashes": self._crashes,
        }
