"""The series of a charger's state."""

from bridge.core.fields import states
from bridge.core.model import ChargerId
from bridge.core.output.series import SeriesTable


class StateSeries:
    """The fault series and, if `state_set`, one series for each state name."""

    __slots__ = ("_fault", "_names", "visible")

    def __init__(self, charger: ChargerId, *, series_table: SeriesTable, state_set: bool) -> None:
        self._fault = series_table.series("evse_fault", charger, {})
        names = [*states.NAMES.values(), states.UNKNOWN] if state_set else []
        self._names = {
            name: series_table.series("evse_state", charger, {"evse_state": name}) for name in names
        }
        self.visible = False
        """They show a state that is not stale."""

    def show(self, code: int) -> None:
        """Show this state."""
        self.visible = True
        self._fault.set(int(code in states.FAULTS))
        shown = states.name(code)
        for name, line in self._names.items():
            line.set(int(name == shown))

    def hide(self) -> None:
        """The state went stale."""
        self.visible = False
        for line in (self._fault, *self._names.values()):
            line.clear()
