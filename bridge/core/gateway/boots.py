"""How often a gateway booted and crashed, as /status tells it.

A crash is told by crash_seq (or, without it, boot_count) rising together with a crash
reason; crash_seq + 3 is three crashes. Of one crash the two may rise one after the other: it
is one still. A document that was cut short before its reason tells nothing of boots, so that
the next whole one tells all. Source: integration guide, "/status field reference".
"""

from dataclasses import dataclass, replace

from bridge.core.clock import Unix
from bridge.core.counters import Growth, ResetProof, Witness
from bridge.core.fields import resets
from bridge.core.fields.status import Status
from bridge.core.model import ChargerId, Event, EventKind, SavedState
from bridge.core.output.series import SeriesTable
from bridge.core.output.writer import Writer

GROWTH = Growth(per_second=0.5, burst=100)


MOST_CUT_SHORT = 3
"""Documents without a reason in a row; then this firmware tells none any more."""


@dataclass(frozen=True, slots=True)
class Reset:
    """What a document told of boots since the last one."""

    boots: int
    records: int
    """Crash records that were stored since, without the late ones."""
    late: int
    """Records of crashes that were counted before, by the boot alone."""
    crashes: int
    """How many of them are known to be crashes."""
    code: int
    name: str


class Boots:
    """The counters of one gateway; shown once the state file has them."""

    def __init__(
        self, charger: ChargerId, *, series_table: SeriesTable, writer: Writer, saved: SavedState
    ) -> None:
        self._charger = charger
        self._writer = writer
        self._boots = ResetProof.restored(GROWTH, saved.get("boots"))
        self._records = ResetProof.restored(GROWTH, saved.get("crash_records"))
        crashes = saved.get("crashes")
        self._crashes = int(crashes) if isinstance(crashes, int) else 0
        ahead = saved.get("crash_ahead")
        self._ahead = int(ahead) if isinstance(ahead, int) else 0
        """Above 0: crashes that were counted by a boot alone, whose records may follow; below:
        by records alone, whose boots may follow."""
        self._bootless = False
        """The last records came without a boot."""
        self._cut_short = MOST_CUT_SHORT
        self._boots_line = series_table.series("evse_boots_total", charger, {})
        self._crashes_line = series_table.series("evse_crashes_total", charger, {})
        self._crashes_line.set(self._crashes)
        if self._boots.total is not None:
            self._boots_line.set(self._boots.total)

    def observe(self, status: Status, witness: Witness, unix: Unix) -> Reset | None:
        """Take what a document says; returns what happened since the last, if anything."""
        code = status.value("reset_reason")
        if code is None:
            code = resets.code_of(status.reset)
        if self._lacks_reason(status):
            return None
        # The gateway's own numbers: no controller has to be read for them first.
        sure = replace(witness, measured=True)
        booted = self._risen(self._boots, status, "boot_count", sure, unix)
        stored = self._risen(self._records, status, "crash_seq", sure, unix)
        if not (booted or stored):
            return None
        reset = self._reset(booted, stored, int(code or 0), status.reset or resets.name(0))
        if reset.crashes or (booted and not self._covers(booted)):
            self._write_event(reset, unix)
        self._settle(reset)
        return reset

    def crashed(self, crashes: int) -> None:
        """So many crashes more are known, from their records."""
        self._ahead -= crashes if self._bootless else 0
        self._count(crashes)

    def _lacks_reason(self, status: Status) -> bool:
        """Its last members fell off, where this gateway has told a reason before."""
        if status.reset is not None:
            self._cut_short = 0
            return False
        self._cut_short += self._cut_short < MOST_CUT_SHORT
        return self._cut_short < MOST_CUT_SHORT

    def _reset(self, booted: int, stored: int, code: int, name: str) -> Reset:
        late = min(max(0, self._ahead), max(0, stored - booted))
        crashes = 0
        if resets.cause(code) is resets.Cause.CRASH:
            crashes = stored - late if stored else int(not self._covers(booted))
        return Reset(booted, stored - late, late, crashes, code, name)

    def _covers(self, booted: int) -> bool:
        """Records alone told of these boots before."""
        return self._ahead <= -booted

    def _settle(self, reset: Reset) -> None:
        stored = reset.records + reset.late
        self._bootless = stored > 0 and not reset.boots
        if self._bootless:
            self._ahead -= reset.late + reset.crashes
        else:
            self._ahead = 0 if stored else reset.crashes
        self._count(reset.crashes)

    def _count(self, crashes: int) -> None:
        if crashes:
            self._crashes += crashes
            self._writer.publish_when_saved(self._crashes_line, self._crashes)
            self._writer.mark_dirty()

    def _risen(
        self, counter: ResetProof, status: Status, column: str, witness: Witness, unix: Unix
    ) -> int:
        value, before = status.value(column), counter.total
        if value is None:
            return 0
        alone = witness.commands is None
        total = counter.observe(float(value), unix, state=None, witness=witness, alone=alone)
        if total is None or total == before:
            return 0
        self._writer.mark_dirty()
        if counter is self._boots:
            self._writer.publish_when_saved(self._boots_line, total)
        return 0 if before is None else round(total - before)

    def _write_event(self, reset: Reset, unix: Unix) -> None:
        text = reset.name if reset.boots <= 1 else f"{reset.name}, {reset.boots} boots"
        self._writer.write_event(Event(self._charger, unix, EventKind.REBOOT, reset.code, text))

    def saved(self) -> SavedState:
        """What the state file keeps."""
        return {
            "boots": self._boots.saved(),
            "crash_records": self._records.saved(),
            "crashes": self._crashes,
            "crash_ahead": self._ahead,
        }
