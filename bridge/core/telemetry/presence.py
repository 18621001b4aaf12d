"""Whether a charger is there: up, announced, which path feeds it, what it is called."""

from collections.abc import Mapping
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.model import ChargerId, Event, EventKind
from bridge.core.telemetry.channel import Line

SOURCES = ("mqtt", "http", "none")
INFO_LABELS = (
    "name", "alias", "site", "version", "firmware", "protocol", "identifier", "dialect",
)  # fmt: skip
PRESENCES = ("up", "silent", "offline", "unheard")


class Board(Protocol):
    """What the core needs of the exposition: a line per series."""

    def drop(self, family: str, charger: ChargerId) -> None:
        """Forget a charger's series of one family, whatever their labels."""

    def line(self, family: str, charger: ChargerId, labels: Mapping[str, str]) -> Line:
        """The line of one series; showing nothing until a value is put."""


class Presence:
    """The presence of one charger and its lines."""

    __slots__ = (
        "_announced", "_board", "_charger", "_duplicate", "_labels", "_last_message",
        "_sources", "_stale_after", "_told", "_up", "source", "up",
    )  # fmt: skip

    def __init__(self, charger: Charger, *, board: Board, stale_after: float) -> None:
        self._charger = charger
        self._board = board
        self._stale_after = stale_after
        self.up = False
        self.source = "none"
        self._told = 0.0
        self._labels: dict[str, str] | None = None

        def line(name: str, **labels: str) -> Line:
            return board.line(f"evse_{name}", charger.id, labels)

        self._up = line("up")
        self._announced = line("announced")
        self._duplicate = line("duplicate")
        self._last_message = line("last_message_timestamp_seconds")
        self._sources = {name: line("source", evse_source=name) for name in SOURCES}
        self._up.put(0)
        self.feed("none")
        self.show()

    def show(self) -> None:
        """Bring announced, duplicate and info up to date."""
        charger = self._charger
        self._announced.put(int(charger.announced))
        self._duplicate.put(int(charger.ambiguous or charger.doubled))
        known = {
            **charger.versions, "name": charger.name or "", "alias": charger.labels.alias,
            "site": charger.labels.site, "dialect": charger.dialect.value,
        }  # fmt: skip
        wanted = {label: known.get(label, "") for label in INFO_LABELS}
        if wanted != self._labels:
            self._board.drop("evse_info", charger.id)
            self._labels = wanted
            self._board.line("evse_info", charger.id, wanted).put(1)

    def rise(self, now: Moment, source: str = "mqtt") -> Event | None:
        """Something came from a charger that was not up, or said to be offline."""
        charger = self._charger
        was_offline, charger.offline = charger.offline, False
        self.up = True
        self._up.put(1)
        if self.source == "none":
            self.feed(source)
        return Event(charger.id, now.wall, EventKind.ONLINE) if was_offline else None

    def sweep(self, now: Moment) -> bool:
        """Look at the time; True when the charger is no longer up."""
        charger = self._charger
        if charger.heard_at != self._told:
            self._told = charger.heard_at
            self._last_message.put(round(charger.heard_at, 3))
        if charger.doubled and any(
            claim.silent(now.steady, self._stale_after) for claim in charger.claims()
        ):
            charger.doubled = False
            self._duplicate.put(int(charger.ambiguous))
        last = max(charger.heard or 0.0, charger.polled or 0.0)
        fresh = last > 0 and now.steady - last < self._stale_after
        if self.up and not fresh:
            self.up = False
            self._up.put(0)
            self.feed("none")
            return True
        return False

    def kind(self) -> str:
        """One of PRESENCES, for the gauge of chargers."""
        if self._charger.offline:
            return "offline"
        if self.up:
            return "up"
        return "silent" if self._charger.told_at else "unheard"

    def feed(self, source: str) -> None:
        """This path brings the charger's values from now on."""
        self.source = source
        for name, line in self._sources.items():
            line.put(int(name == source))
