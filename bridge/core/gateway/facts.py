"""The facts of a device in /config: versions, checks, limits; no other member is kept."""

from collections.abc import Mapping
from typing import TypeVar

from bridge.core.clock import NEVER, Moment, Steady, Unix
from bridge.core.fields.catalogue import CATALOGUE, FieldRow, Origin
from bridge.core.fields.config import DeviceConfig
from bridge.core.fields.decode import Value
from bridge.core.gateway.retry import Retry
from bridge.core.model import ChargerId, SavedState
from bridge.core.output.series import SeriesTable

T = TypeVar("T")
TEXTS = ("version", "firmware", "protocol", "identifier", "nofos_network_profile")
ROWS: Mapping[str, FieldRow] = {
    row.column: row for row in CATALOGUE if row.origin is Origin.CONFIG and row.metric
}
CONTROLLER = frozenset(row.column for row in CATALOGUE if row.controller)
"""The columns and texts that a gateway reads from its controller."""


class Facts:
    """The facts of one charger.

    A document from before the gateway had read its controller is requested again, and what the
    controller reported earlier stays.
    """

    def __init__(self, charger: ChargerId, *, series_table: SeriesTable, saved: SavedState) -> None:
        self._charger = charger
        self._series_table = series_table
        kept = saved.get("config")
        known: Mapping[str, object] = kept if isinstance(kept, dict) else {}
        self.texts = {key: text for key in TEXTS if isinstance(text := known.get(key), str)}
        self._values: dict[str, Value] = {
            column: value for column in ROWS if isinstance(value := known.get(column), int | float)
        }
        read = saved.get("config_at")
        self.unix = Unix(float(read)) if isinstance(read, int | float) else NEVER
        """When they were reported, in Unix seconds."""
        early = "firmware" not in self.texts or self._values.get("current_limit") == 0
        if early:
            # Zeros of a gateway's first minute, which an earlier version of the bridge believed.
            self._values = {c: v for c, v in self._values.items() if v or c not in CONTROLLER}
        self._retry = Retry(due=early)
        self._show()

    @property
    def values(self) -> Mapping[str, Value]:
        """The numbers and flags by column."""
        return self._values

    def wanted(self, steady: Steady) -> bool:
        """Whether /config is to be requested."""
        return self._retry.due(steady)

    def observe(self, device: DeviceConfig, now: Moment) -> None:
        """Replace all facts by a document's; a fact that it lacks is no longer known."""
        texts = {key: text for key in TEXTS if (text := device.text(key)) is not None}
        values = {c: value for c, value in device.values.items() if c in ROWS}
        if device.early:
            texts = {**_of_controller(self.texts), **texts}
            values = {**_of_controller(self._values), **values}
            self._retry.failed(now.steady)
        else:
            self._retry.done()
        for column in self._values.keys() - values.keys():
            self._series_table.series(*self._series(column)).clear()
        self.texts, self._values, self.unix = texts, values, now.unix
        self._show()

    def failed(self, steady: Steady, *, permanent: bool) -> None:
        """The charger answered without a document; `permanent`: its firmware has none."""
        self._retry.failed(steady, permanent=permanent)

    def outdated(self) -> None:
        """The gateway booted, perhaps with another firmware."""
        self._retry.begin()

    def _show(self) -> None:
        for column, value in self._values.items():
            self._series_table.series(*self._series(column)).set(ROWS[column].to_metric(value))

    def _series(self, column: str) -> tuple[str, ChargerId, dict[str, str]]:
        row = ROWS[column]
        return row.metric or "", self._charger, dict([row.label] if row.label else [])

    def saved(self) -> SavedState:
        """What the state file keeps."""
        kept = {**self.texts, **self._values}
        return {"config": kept, "config_at": self.unix} if kept else {}


def _of_controller(facts: Mapping[str, T]) -> dict[str, T]:
    return {name: fact for name, fact in facts.items() if name in CONTROLLER}
