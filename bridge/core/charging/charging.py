"""The charging of one charger: its states, faults, sessions and energy total."""

from collections.abc import Mapping

from bridge.core.charging.deliverable import Deliverable
from bridge.core.charging.journaled import ENERGY, JOURNALED
from bridge.core.charging.sessions import Sessions
from bridge.core.charging.state_series import StateSeries
from bridge.core.clock import Moment, Unix
from bridge.core.counters import ResetProof, Witness
from bridge.core.fields import states
from bridge.core.fields.catalogue import JOULES
from bridge.core.model import ChargerId, Dialect, Event, EventKind, SavedState, Session
from bridge.core.output.series import Series, SeriesTable
from bridge.core.output.writer import Writer

MOST_DOUBT_HINTS = 4
"""Doubtful totals in a row that are each a reason to poll /status soon."""


class Charging:
    """Counters and events of one charger, saved in the state file."""

    __slots__ = (
        "_charger",
        "_energy",
        "_energy_line",
        "_fault_lines",
        "_faults",
        "_held",
        "_listening",
        "_sessions_ended",
        "_sessions_line",
        "_settled",
        "_state",
        "_writer",
        "code",
        "deliverable",
        "poll_hints",
        "sessions",
        "total",
    )  # fmt: skip

    def __init__(
        self,
        charger: ChargerId,
        *,
        series_table: SeriesTable,
        writer: Writer,
        saved: SavedState,
        trusted: bool,
        state_set: bool,
    ) -> None:
        self._charger = charger
        self._writer = writer
        self._listening = False
        self._state = StateSeries(charger, series_table=series_table, state_set=state_set)
        self.code: int | None = None
        self._settled: int | None = None
        """The last state other than `starting`."""
        self.poll_hints = 0
        """Rises with each fault, return from a boot, departed car and fallen total: reasons
        to poll /status soon."""
        self.total: float | None = None
        """The reset-proof energy in Wh after the last reading of this run."""
        self.deliverable = Deliverable()
        self.sessions = Sessions(charger)
        self._sessions_ended = 0
        self._faults = dict.fromkeys(states.FAULTS, 0)

        def line(name: str, labels: Mapping[str, str] | None = None) -> Series:
            return series_table.series(f"evse_{name}", charger, labels or {})

        self._energy_line = line("energy_joules_total")
        self._sessions_line = line("sessions_total")
        self._fault_lines = {
            code: line("faults_total", {"fault": name}) for code, name in states.FAULTS.items()
        }
        self._energy = self._restore(saved)
        self._held = self._energy.total is not None and not (trusted or saved.get(JOURNALED))
        """Whether a higher total than the known one may have been shown."""
        self._show_counters()

    def observe_state(self, code: int, now: Moment) -> None:
        """Record a state: a change is an event, a change into a fault is counted."""
        before, self.code = self.code, code
        listening, self._listening = self._listening, True
        if before != code or not listening:
            self.deliverable.observe_state(code, now)
        if before != code or not self._state.visible:
            self._state.show(code)
        if before is not None and before != code:
            self.poll_hints += before == states.STARTING or code in states.FAULTS
            self._write_event(EventKind.STATE, code, states.name(code), now)
        if code != states.STARTING:
            # A starting gateway does not know the state: a fault that outlasts a start counts once.
            settled, self._settled = self._settled, code
            if listening and settled is not None and settled != code:
                self._change_fault(settled, code, now)
        ended = self.sessions.ended
        session = self.sessions.observe_state(code, now, self._energy.total, before)
        self.poll_hints += self.sessions.ended and not ended
        if session is not None:
            self._end_session(session)

    def observe_energy(
        self, wh: float, now: Moment, witness: Witness | None = None, *, alone: bool = True
    ) -> float | None:
        """Record the charger's energy total; returns the reset-proof one in Wh.

        `witness` and `alone` as in `ResetProof.observe`.
        """
        energy, before = self._energy, self._energy.total
        offset, exchanges = energy.offset, energy.exchanges
        total = energy.observe(
            wh, now.unix, state=self.code, witness=witness, alone=alone,
            possible=self.deliverable.take(now), burst=self.deliverable.lag_wh,
        )  # fmt: skip
        self.poll_hints += 0 < energy.doubtful <= MOST_DOUBT_HINTS
        self._held = self._held and not energy.believed
        if total is None or self._held:
            return None
        self.total = total
        self._writer.publish_when_journaled(self._energy_line, JOULES(total))
        had_start = self.sessions.begun
        if (session := self.sessions.observe_energy(total, now.unix)) is not None:
            self._end_session(session)
        if energy.exchanges != exchanges:
            text = f"energy total goes on from {wh:.0f} Wh, counted as {before or 0:.0f} Wh"
            self._write_event(EventKind.REPLACED, 0, text, now)
        if energy.offset != offset or self.sessions.begun != had_start:
            self._writer.mark_dirty()
        return total

    @property
    def shown(self) -> int | None:
        """The state, while it is not stale."""
        return self.code if self._state.visible else None

    @property
    def doubtful(self) -> bool:
        """Whether the charger's latest totals contradict the believed one."""
        return self._energy.doubtful > 0

    def observe_session(self, wh: float | None, elapsed: float | None, now: Moment) -> None:
        """Record the session's own energy and time, which the charger keeps after the end."""
        if elapsed is not None:
            session = self.sessions.observe_elapsed(elapsed, now, wh)
            if session is not None:
                self._end_session(session)
        if wh is not None:
            self.sessions.observe_meter(wh, now.unix)

    def observe_load(self, amperes: float, watts: float, unix: Unix) -> None:
        """Record a measured load."""
        if self.sessions.observe_load(amperes, watts, unix):
            self._writer.mark_dirty()

    def report_unit(self, suspected: bool, dialect: Dialect, now: Moment) -> None:
        """The unit of the currents became suspect, or no longer is."""
        text = f"currents contradict dialect {dialect}" if suspected else "currents fit again"
        self._write_event(EventKind.UNIT_SUSPECT, int(suspected), text, now)

    def sweep(self, now: Moment) -> None:
        """End an unplugged session that has waited long enough for its last total."""
        if self.sessions.overdue(now):
            session = self.sessions.finish(self._energy.total)
            if session is not None:
                self._end_session(session)

    def hide(self) -> None:
        """The state went stale."""
        self._state.hide()

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        return {
            "state": self.code,
            "settled": self._settled,
            "energy": self._energy.saved(),
            "deliverable": self.deliverable.saved(),
            "faults": {str(code): count for code, count in self._faults.items() if count},
            "sessions": self._sessions_ended,
            **self.sessions.saved(),
        }

    def _change_fault(self, before: int, code: int, now: Moment) -> None:
        if before in states.FAULTS:
            self._write_event(EventKind.FAULT_CLEARED, before, states.name(before), now)
        if code in states.FAULTS:
            self._faults[code] += 1
            self._writer.publish_when_saved(self._fault_lines[code], self._faults[code])
            self._write_event(EventKind.FAULT, code, states.name(code), now)

    def _end_session(self, session: Session) -> None:
        self._sessions_ended += 1
        self._writer.publish_when_saved(self._sessions_line, self._sessions_ended)
        self._writer.write_session(session)

    def _write_event(self, kind: EventKind, code: int, text: str, now: Moment) -> None:
        self._writer.write_event(Event(self._charger, now.unix, kind, code, text))

    def _show_counters(self) -> None:
        """Without a trusted state file, or the journal's, the last total may be missing: wait
        for a reading that is believed rather than show a counter that fell."""
        self._sessions_line.set(self._sessions_ended)
        for code, line in self._fault_lines.items():
            line.set(self._faults[code])
        if not self._held and self._energy.total is not None:
            self._energy_line.set(JOULES(self._energy.total))

    def _restore(self, saved: SavedState) -> ResetProof:
        code, faults, ended = saved.get("state"), saved.get("faults"), saved.get("sessions")
        self.code = code if isinstance(code, int) else None
        settled = saved.get("settled", code)
        self._settled = settled if isinstance(settled, int) else None
        self._sessions_ended = int(ended) if isinstance(ended, int) else 0
        for text, count in faults.items() if isinstance(faults, dict) else ():
            if int(text) in self._faults:
                self._faults[int(text)] = int(count)
        session, energy = saved.get("session"), saved.get("energy")
        self.sessions.restore(saved)
        since = energy[2] if isinstance(energy, list) and len(energy) > 2 else 0.0
        charged = session.get("charging_s") if isinstance(session, dict) else None
        self.deliverable.restore(
            saved.get("deliverable"), since=float(since),
            charged_s=charged if isinstance(charged, int | float) else 0.0,
        )  # fmt: skip
        return ResetProof.restored(ENERGY, energy)
