"""The polled values of one charger: those that MQTT does not bring, or no longer."""

from collections.abc import Iterable, Mapping

from bridge.core.clock import Moment, Steady
from bridge.core.discovery.charger import Charger
from bridge.core.fields.catalogue import CATALOGUE, FieldRow, Origin
from bridge.core.fields.decoder import Decoders
from bridge.core.fields.status import StatusValue
from bridge.core.model import SavedState
from bridge.core.output.series import Series, SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.telemetry.channel import Channel

MOST_MISSED = 3
_BY_MQTT = Origin.PERIODIC | Origin.EVENT
_PERIODIC = frozenset(row.wire for row in CATALOGUE if row.origin & Origin.PERIODIC)


class PolledValues:
    """The polled values of one charger, and the results of its polls."""

    __slots__ = (
        "_charger",
        "_decoders",
        "_due",
        "_duration",
        "_failed",
        "_failures",
        "_last",
        "_missed",
        "_period",
        "_series_table",
        "_success",
        "_usual_period",
        "_writer",
        "channels",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        series_table: SeriesTable,
        decoders: Decoders,
        writer: Writer,
        saved: SavedState,
        usual_period: float,
    ) -> None:
        """`usual_period` is in seconds, while MQTT brings the rest."""
        self._period = self._usual_period = usual_period
        self._charger = charger
        self._series_table = series_table
        self._decoders = decoders
        self._writer = writer
        self.channels: dict[str, Channel] = {}
        """By column."""
        self._due = 0.0
        """Steady time before which no value can become stale."""
        self._missed = 0
        """Consecutive failed polls."""
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
        """Whether the last poll was the third in a row that failed."""
        return self._missed == MOST_MISSED

    @property
    def status_after(self) -> float:
        """Seconds after which a value from /status alone is stale: three polls were missed."""
        return MOST_MISSED * self._period

    def polled_every(self, seconds: float) -> None:
        """The charger is polled at this period now; a value may be from before, so that it is
        never taken to be shorter than the usual one."""
        self._period = max(seconds, self._usual_period)

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
            self._writer.publish_when_saved(self._failures, self._failed)
            self._writer.mark_dirty()

    def receive(self, part: StatusValue, now: Moment) -> Channel:
        """Show a value for which there is no fresher source."""
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

    def stale(self, steady: Steady, *, periodic_after: float, down: bool) -> list[Channel]:
        """The stale channels: fields that MQTT repeats after `periodic_after` seconds,
        event-driven ones if the charger is `down`, the rest after `status_after`.

        Speed: a fleet is swept every second, and no channel can become stale before `_due`.
        """
        if steady < self._due and not down:
            return []
        status_after = self.status_after
        stale, self._due = [], steady + min(periodic_after, status_after)
        for channel in filter(_shown, self.channels.values()):
            periodic = channel.row.wire in _PERIODIC
            until = channel.steady + (periodic_after if periodic else status_after)
            if steady >= until or (down and channel.event_driven):
                stale.append(channel)
            else:
                self._due = min(self._due, until)
        return stale

    def http_only(self) -> list[Channel]:
        """The shown channels that only polls feed."""
        return [each for each in self.from_polls() if not each.row.origin & _BY_MQTT]

    def from_polls(self) -> list[Channel]:
        """The shown channels from polls: later values are replies to queries over MQTT."""
        last = self._charger.polled_steady or 0.0
        return [each for each in self.values() if each.steady <= last]

    def values(self) -> Iterable[Channel]:
        """The channels that show a value."""
        return filter(_shown, self.channels.values())

    def saved(self) -> Mapping[str, object]:
        """What the state file keeps."""
        return {"poll_failures": self._failed}

    def _series_of(self, row: FieldRow) -> Series | None:
        """None for a device's counter, exposed only as a reset-proof total; plain ones excepted."""
        if row.metric is None or (row.counter and row.column not in _PLAIN):
            return None
        labels = dict([row.label]) if row.label else {}
        return self._series_table.series(row.metric, self._charger.id, labels)


def _shown(channel: Channel) -> bool:
    return channel.shown


_PLAIN = frozenset({"rapi_commands", "rapi_successes"})
"""The gateway's own counters, which start again with each boot."""
