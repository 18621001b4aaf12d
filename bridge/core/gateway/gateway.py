"""What a charger reports only over HTTP: trips, boots, crashes, network, firmware."""

from bridge.core.clock import Moment, Steady
from bridge.core.counters import Witness
from bridge.core.discovery.charger import Charger
from bridge.core.fields.config import DeviceConfig
from bridge.core.fields.crashlog import Crash
from bridge.core.fields.status import NETWORK_MODES, OTHER, Status
from bridge.core.gateway.boots import Boots
from bridge.core.gateway.crashes import Crashes
from bridge.core.gateway.facts import Facts
from bridge.core.gateway.frozen import ALIVE, DEAD, Frozen
from bridge.core.gateway.trips import Trips
from bridge.core.model import Event, EventKind, SavedState
from bridge.core.output.series import Series, SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.polling.outcome import Page


class Gateway:
    """The HTTP pages of one charger."""

    def __init__(
        self,
        charger: Charger,
        *,
        series_table: SeriesTable,
        writer: Writer,
        saved: SavedState,
    ) -> None:
        self._charger = charger
        self._series_table = series_table
        self._writer = writer
        self._shown_steady: Steady | None = None
        """Steady time of the document that is exposed."""
        self._shown: tuple[str | None, str | None] = (None, None)
        self.poll_hints = 0
        """Rises where /status is to be polled again soon."""
        self._trips = Trips(charger.id, series_table=series_table, writer=writer, saved=saved)
        self._boots = Boots(charger.id, series_table=series_table, writer=writer, saved=saved)
        self._crashes = Crashes(charger.id, writer=writer, saved=saved)
        self._facts = Facts(charger.id, series_table=series_table, saved=saved)
        self._frozen = Frozen(saved)
        self._frozen_line = series_table.series("evse_frozen", charger.id, {})
        self._frozen_line.set(int(self._frozen.frozen))
        charger.versions = self._facts.texts

    @property
    def facts(self) -> Facts:
        """What the last /config reported."""
        return self._facts

    def wanted(self, steady: Steady) -> list[Page]:
        """The other pages that are worth requesting."""
        pages = {Page.CONFIG: self._facts.wanted, Page.CRASHLOG: self._crashes.wanted}
        return [page for page, wanted in pages.items() if wanted(steady)]

    def observe_status(
        self, status: Status, witness: Witness, now: Moment, state: int | None
    ) -> None:
        """Record a /status; `state` is the last known state of the controller."""
        self._shown_steady = now.steady
        self._trips.observe(status, witness, now.unix, state=state)
        reset = self._boots.observe(status, witness, now.unix)
        if reset is not None:
            self._crashes.observe_reset(reset)
            if reset.boots:
                self._facts.outdated()
        if self._frozen.observe(status, now.steady):
            text = DEAD if self._frozen.frozen else ALIVE
            self._writer.write_event(self._frozen_event(now, text))
        self.poll_hints += self._frozen.signs == 1
        self._frozen_line.set(int(self._frozen.frozen))
        self._show(status.mode, status.reset)

    def _frozen_event(self, now: Moment, text: str) -> Event:
        return Event(self._charger.id, now.unix, EventKind.FROZEN, int(self._frozen.frozen), text)

    def observe_answer(
        self, status: Status, witness: Witness, now: Moment, state: int | None
    ) -> None:
        """Record a reply of the controller itself; only its trips belong here."""
        self._trips.observe(status, witness, now.unix, state=state)

    def observe_config(self, device: DeviceConfig, now: Moment) -> bool:
        """Record a /config; True if a version or identifier changed."""
        before = self._charger.versions
        self._facts.observe(device, now)
        self._writer.mark_dirty()
        self._charger.versions = self._facts.texts
        return before != self._charger.versions

    def observe_crashlog(self, records: tuple[Crash, ...], now: Moment) -> None:
        """Record a /crashlog."""
        self._boots.crashed(self._crashes.observe(records, now))

    def page_missing(self, page: Page, now: Moment, *, permanent: bool) -> None:
        """The charger answered without this page; `permanent`: it does not have it."""
        if page is Page.CONFIG:
            self._facts.failed(now.steady, permanent=permanent)
        elif permanent:
            self._crashes.missing(now.unix)
        else:
            self._crashes.failed(now)

    def sweep(self, steady: Steady, stale_after: float) -> None:
        """Hide what is stale after so many seconds."""
        if self._shown_steady is not None and steady - self._shown_steady >= stale_after:
            self.expire()

    def expire(self) -> None:
        """Hide what only the last document reported."""
        self._shown_steady = None
        self._show(None, None)
        self._frozen_line.clear()

    def saved(self) -> SavedState:
        """What the state file keeps."""
        return {
            **self._trips.saved(),
            **self._boots.saved(),
            **self._crashes.saved(),
            **self._facts.saved(),
            "frozen": self._frozen.frozen,
        }

    def _show(self, mode: str | None, reset: str | None) -> None:
        before, self._shown = self._shown, (mode, reset)
        if mode != before[0]:
            for name in (*NETWORK_MODES, OTHER):
                line = self._line("network_mode", "evse_network_mode", name)
                if mode is None:
                    line.clear()
                else:
                    line.set(int(name == mode))
        if reset != before[1]:
            if before[1] is not None:
                self._line("last_reset", "reason", before[1]).clear()
            if reset is not None:
                self._line("last_reset", "reason", reset).set(1)

    def _line(self, name: str, label: str, value: str) -> Series:
        return self._series_table.series(f"evse_{name}", self._charger.id, {label: value})
