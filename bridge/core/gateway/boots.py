"""How often a gateway booted and crashed, by /status.

A crash is a rise of crash_seq (or, without it, of boot_count) together with a crash reason;
crash_seq + 3 is three crashes. The two may rise one after the other for one crash, which
still counts once. A document truncated before its reason is ignored for boots, so that the
next complete one covers them. Source: integration guide, "/status field reference".
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


MOST_TRUNCATED = 3
"""Consecutive documents without a reason; then the firmware no longer sends one."""


@dataclass(frozen=True, slots=True)
class Reset:
    """What a document reported of boots since the last one."""

    boots: int
    records: int
    """Crash records stored since, without the late ones."""
    late: int
    """Records of crashes that were counted before, by their boot alone."""
    crashes: int
    """How many of the boots or records are known to be crashes."""
    code: int
    name: str


class Boots:
    """The counters of one gateway; exposed once the state file has them."""

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
        """Above 0: crashes counted by a boot alone, whose records may follow; below 0:
        crashes counted by records alone, whose boots may follow."""
        self._bootless = False
        """The last records came without a boot."""
        self._truncated = MOST_TRUNCATED
        self._boots_line = series_table.series("evse_boots_total", charger, {})
        self._crashes_line = series_table.series("evse_crashes_total", charger, {})
        self._crashes_line.set(self._crashes)
        if self._boots.total is not None:
            self._boots_line.set(self._boots.total)

    def observe(self, status: Status, witness: Witness, unix: Unix) -> Reset | None:
        """Record a document; returns the boots and crashes since the last one, if any."""
        code = status.value("reset_reason")
        if code is None:
            code = resets.code_of(status.reset)
        if self._lacks_reason(status):
            return None
        # These are the gateway's own numbers, valid before it has read its controller.
        own_witness = replace(witness, measured=True)
        booted = self._rise(self._boots, status, "boot_count", own_witness, unix)
        records = self._rise(self._records, status, "crash_seq", own_witness, unix)
        if not (booted or records):
            return None
        reset = self._reset(booted, records, int(code or 0), status.reset or resets.name(0))
        if reset.crashes or (booted and not self._already_counted(booted)):
            self._write_event(reset, unix)
        self._settle(reset)
        return reset

    def crashed(self, crashes: int) -> None:
        """Count further crashes, which are known from their records."""
        self._ahead -= crashes if self._bootless else 0
        self._count(crashes)

    def _lacks_reason(self, status: Status) -> bool:
        """Whether the document is truncated: this gateway has sent a reason before."""
        if status.reset is not None:
            self._truncated = 0
            return False
        self._truncated += self._truncated < MOST_TRUNCATED
        return self._truncated < MOST_TRUNCATED

    def _reset(self, booted: int, records: int, code: int, name: str) -> Reset:
        late = min(max(0, self._ahead), max(0, records - booted))
        crashes = 0
        if resets.cause(code) is resets.Cause.CRASH:
            crashes = records - late if records else int(not self._already_counted(booted))
        return Reset(booted, records - late, late, crashes, code, name)

    def _already_counted(self, booted: int) -> bool:
        """Whether these boots were counted before, by their records alone."""
        return self._ahead <= -booted

    def _settle(self, reset: Reset) -> None:
        records = reset.records + reset.late
        self._bootless = records > 0 and not reset.boots
        if self._bootless:
            self._ahead -= reset.late + reset.crashes
        else:
            self._ahead = 0 if records else reset.crashes
        self._count(reset.crashes)

    def _count(self, crashes: int) -> None:
        if crashes:
            self._crashes += crashes
            self._writer.publish_when_saved(self._crashes_line, self._crashes)
            self._writer.mark_dirty()

    def _rise(
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
