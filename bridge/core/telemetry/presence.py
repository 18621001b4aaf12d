"""The presence of a charger: up, announced, the path that feeds it, its names."""

from bridge.core.clock import Moment, Steady
from bridge.core.discovery.charger import Charger
from bridge.core.model import Event, EventKind
from bridge.core.output.series import Series, SeriesTable

SOURCES = ("mqtt", "http", "none")
INFO_LABELS = (
    "name", "alias", "site", "version", "firmware", "protocol", "identifier", "dialect",
)  # fmt: skip
PRESENCES = ("up", "silent", "offline", "unheard")


class Presence:
    """The presence of one charger and its series."""

    __slots__ = (
        "_announced",
        "_charger",
        "_duplicate",
        "_duplicate_noted",
        "_duplicate_steady",
        "_labels",
        "_last_message",
        "_series_table",
        "_shown_heard",
        "_sources",
        "_stale_after",
        "_up",
        "source",
        "up",
    )  # fmt: skip

    def __init__(self, charger: Charger, *, series_table: SeriesTable, stale_after: float) -> None:
        self._charger = charger
        self._series_table = series_table
        self._stale_after = stale_after
        self._duplicate_noted = charger.doubled or charger.base_rival.other is not None
        """It was one since the last sweep, or when the last run ended."""
        self._duplicate_steady: Steady | None = None
        """When it was one last, until its end is reported."""
        self.up = False
        self.source = "none"
        self._shown_heard = 0.0
        self._labels: dict[str, str] | None = None

        def line(name: str, **labels: str) -> Series:
            return series_table.series(f"evse_{name}", charger.id, labels)

        self._up = line("up")
        self._announced = line("announced")
        self._duplicate = line("duplicate")
        self._last_message = line("last_message_timestamp_seconds")
        self._sources = {name: line("source", evse_source=name) for name in SOURCES}
        self._up.set(0)
        self.set_source("none")
        self.update()

    def update(self) -> None:
        """Update the series of announced, duplicate and info."""
        charger = self._charger
        self._announced.set(int(charger.announced))
        duplicate = charger.ambiguous or charger.doubled
        self._duplicate.set(int(duplicate))
        self._duplicate_noted = self._duplicate_noted or duplicate
        known = {
            **charger.versions, "name": charger.name or "", "alias": charger.labels.alias,
            "site": charger.labels.site, "dialect": charger.dialect.value,
        }  # fmt: skip
        wanted = {label: known.get(label, "") for label in INFO_LABELS}
        if wanted != self._labels:
            self._series_table.drop("evse_info", charger.id)
            self._labels = wanted
            self._series_table.series("evse_info", charger.id, wanted).set(1)

    def mark_up(self, now: Moment, source: str = "mqtt") -> Event | None:
        """Mark up a charger that was not up, or offline; returns the event, if any."""
        charger = self._charger
        was_offline, charger.offline = charger.offline, False
        self.up = True
        self._up.set(1)
        if self.source == "none":
            self.set_source(source)
        return Event(charger.id, now.unix, EventKind.ONLINE) if was_offline else None

    def sweep(self, now: Moment) -> bool:
        """Update the series with time; True when the charger just ceased to be up."""
        charger = self._charger
        if charger.heard_unix != self._shown_heard:
            self._shown_heard = charger.heard_unix
            self._last_message.set(round(charger.heard_unix, 3))
        if charger.doubled and any(
            claim.silent(now.steady, self._stale_after) for claim in charger.claims()
        ):
            charger.doubled = False
            self._duplicate.set(int(charger.ambiguous))
        last = max(charger.heard_steady or 0.0, charger.polled_steady or 0.0)
        fresh = last > 0 and now.steady - last < self._stale_after
        if self.up and not fresh:
            self.up = False
            self._up.set(0)
            self.set_source("none")
            return True
        return False

    def duplicate_ended(self, now: Moment) -> Event | None:
        """The end of a duplicate: none for `stale_after`, as two devices take turns."""
        charger = self._charger
        if self._duplicate_noted or charger.ambiguous or charger.doubled:
            self._duplicate_noted, self._duplicate_steady = False, now.steady
            return None
        last = self._duplicate_steady
        if last is None or now.steady - last < self._stale_after:
            return None
        self._duplicate_steady = None
        # The next conflict is a new one, also with the same charger.
        charger.base_rival.forget()
        return Event(charger.id, now.unix, EventKind.DUPLICATE, 0, "no longer")

    def kind(self) -> str:
        """One of PRESENCES, for the gauge of chargers."""
        if self._charger.offline:
            return "offline"
        if self.up:
            return "up"
        return "silent" if self._charger.last_seen_unix else "unheard"

    def set_source(self, source: str) -> None:
        """Set the path that feeds the charger's values from now on."""
        self.source = source
        for name, line in self._sources.items():
            line.set(int(name == source))
