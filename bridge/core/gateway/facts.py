"""The facts of a device in /config: versions, checks, limits; no other member is kept."""

from collections.abc import Mapping

from bridge.core.fields.catalogue import CATALOGUE, FieldRow, Origin
from bridge.core.fields.config import DeviceConfig
from bridge.core.fields.decode import Value
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.series import SeriesTable

MOST_TRIES = 3
TEXTS = ("version", "firmware", "protocol", "identifier", "nofos_network_profile")
ROWS: Mapping[str, FieldRow] = {
    row.column: row for row in CATALOGUE if row.origin is Origin.CONFIG and row.metric
}


class Facts:
    """The facts of one charger; `wanted`: /config is to be requested."""

    def __init__(self, charger: ChargerId, *, series_table: SeriesTable, saved: SavedState) -> None:
        self._charger = charger
        self._series_table = series_table
        kept = saved.get("config")
        known: Mapping[str, object] = kept if isinstance(kept, dict) else {}
        self.texts = {key: text for key in TEXTS if isinstance(text := known.get(key), str)}
        self._values: dict[str, Value] = {
            column: value for column in ROWS if isinstance(value := known.get(column), int | float)
        }
        self.wanted = not known
        self._tries = 0
        self._show()

    def observe(self, device: DeviceConfig) -> None:
        """Replace all facts by a document's; a fact that it lacks is no longer known."""
        self.texts = {key: text for key in TEXTS if (text := device.text(key)) is not None}
        gone = self._values.keys() - device.values.keys()
        for column in gone:
            self._series_table.series(*self._series(column)).clear()
        self._values = {c: value for c, value in device.values.items() if c in ROWS}
        self.wanted = False
        self._show()

    def failed(self, *, permanent: bool) -> None:
        """The charger answered without a document; it is requested again a few times.

        `permanent`: it has none until another firmware boots.
        """
        self._tries += 1
        self.wanted = self._tries < MOST_TRIES and not permanent

    def outdated(self) -> None:
        """The gateway booted, perhaps with another firmware."""
        self.wanted, self._tries = True, 0

    def _show(self) -> None:
        for column, value in self._values.items():
            self._series_table.series(*self._series(column)).set(ROWS[column].to_metric(value))

    def _series(self, column: str) -> tuple[str, ChargerId, dict[str, str]]:
        row = ROWS[column]
        return row.metric or "", self._charger, dict([row.label] if row.label else [])

    def saved(self) -> SavedState:
        """What the state file keeps."""
        kept = {**self.texts, **self._values}
        return {"config": kept} if kept else {}
