"""What polls brought of one charger: values that MQTT does not bring, or not any more."""

from collections.abc import Iterable, Mapping

from bridge.core.clock import Moment, Steady
from bridge.core.discovery.charger import Charger
from bridge.core.fields.catalogue import FieldRow, Origin
from bridge.core.fields.decoder import Decoders
from bridge.core.fields.status import StatusValue
from bridge.core.model import SavedState
from bridge.core.output.series import Series, SeriesTable
from bridge.core.telemetry.channel import Channel

MOST_MISSED = 3
_BY_MQTT = Origin.PERIODIC | Origin.EVENT


class PolledValues:
    """The polled values of one charger, and how its polls go."""

    __slots__ = (
        "_charger",
        "_decoders",
        "_due",
        "_duration",
        "_failed",
        "_failures",
        "_last",
        "_missed",
        "_series_table",
        "_success",
        "channels",
    )  # fmt: skip

    def __init__(
        self, charger: Charger, *, series_table: SeriesTable, decoders: Decoders, saved: SavedState
    ) -> None:
        self._charger = charger
        self._series_table = series_table
        self._decoders = decoders
        self.channels: dict[str, Channel] = {}
        """By column."""
        self._due = 0.0
        """Steady time before which no value can go stale."""
        self._missed = 0
        """Polls in a row that failed."""
        failed = saved.get("poll_failures")
        self._failed = int(failed) if isinstance(failed, int) else 0

        def line(name: str) -> Series:
            return series_table.series(f"evse_{name}", charger.id, {})

        self._success = line("poll_success")
        self._duration = line("poll_duration_seconds")
        self._failures = line("poll_failures_total")
        self._last = line("last_poll_timestamp_seconds")
        self._failures.set(self._failed)
        if charger.polled_unix:
            self._last.set(round(charger.polled_unix, 3))

    @property
    def lost(self) -> bool:
        """The last poll was the third in a row that failed."""
        return self._missed == MOST_MISSED

    def poll_ended(self, good: bool, seconds: float, now: Moment) -> None:
        """A poll ended; `seconds` is how long it took."""
        self._missed = 0 if good else self._missed + 1
        self._success.set(int(good))
        self._duration.set(round(seconds, 4))
        if good:
            self._charger.polled_steady, self._charger.polled_unix = now.steady, now.unix
            self._last.set(round(now.unix, 3))
        else:
            self._failed += 1
            self._failures.set(self._failed)

    def receive(self, part: StatusValue, now: Moment) -> Channel:
        """Show a value that no fresher source brings."""
        column = part.row.column
        channel = self.channels.get(column)
        if channel is None or channel.row is not part.row:
            decoder = self._decoders.of(part.row, part.row.scale)
            channel = self.channels[column] = Channel(part.row, decoder, self._series_of(part.row))
        channel.set_value(part.value)
        channel.steady = now.steady
        if not channel.shown:
            channel.show()
        return channel

    def stale(self, steady: Steady, *, periodic: float, rare: float, down: bool) -> list[Channel]:
        """Those that went stale: what MQTT would repeat after `periodic` seconds, what it tells
        when it changes where the charger is `down`, the rest after `rare`.

        Speed: a fleet is swept every second, and what is kept from now on cannot be stale
        before `_due`.
        """
        if steady < self._due and not down:
            return []
        gone, self._due = [], steady + min(periodic, rare)
        for channel in filter(_shown, self.channels.values()):
            until = channel.steady + (periodic if channel.row.origin & Origin.PERIODIC else rare)
            if steady >= until or (down and channel.event_driven):
                gone.append(channel)
            else:
                self._due = min(self._due, until)
        return gone

    def http_only(self) -> list[Channel]:
        """Those that only polls bring, and did."""
        return [each for each in self.from_polls() if not each.row.origin & _BY_MQTT]

    def from_polls(self) -> list[Channel]:
        """Those shown that a poll brought: what came later was asked for over MQTT."""
        last = self._charger.polled_steady or 0.0
        return [each for each in self.values() if each.steady <= last]

    def values(self) -> Iterable[Channel]:
        """The channels that show a value now."""
        return filter(_shown, self.channels.values())

    def saved(self) -> Mapping[str, object]:
        """What the state file keeps."""
        return {"poll_failures": self._failed}

    def _series_of(self, row: FieldRow) -> Series | None:
        """A device's counter is shown by what makes it reset-proof; a plain one as it is."""
        if row.metric is None or (row.counter and row.column not in _PLAIN):
            return None
        labels = dict([row.label]) if row.label else {}
        return self._series_table.series(row.metric, self._charger.id, labels)


def _shown(channel: Channel) -> bool:
    return channel.shown


_PLAIN = frozenset({"rapi_commands", "rapi_successes"})
"""Counters that are the gateway's own, and begin anew with each of its boots."""
