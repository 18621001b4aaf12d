"""The channels of one charger: its newest values, from MQTT and from polls."""

from collections.abc import Collection, Iterator

from bridge.core.charging.charging import Charging
from bridge.core.clock import Steady
from bridge.core.discovery.charger import Charger
from bridge.core.fields.catalogue import LIVE, FieldRow
from bridge.core.fields.decoder import Decoders
from bridge.core.model import Reason
from bridge.core.output.series import Series, SeriesTable
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.polled import PolledValues


class Channels:
    """The channels fed by MQTT, by wire key, together with the polled ones."""

    __slots__ = (
        "_charger", "_charging", "_decoders", "_polled", "_series_table", "_temperature_scale",
        "by_wire",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        series_table: SeriesTable,
        decoders: Decoders,
        temperature_scale: float | None,
        charging: Charging,
        polled: PolledValues,
    ) -> None:
        self._charger = charger
        self._charging = charging
        self._series_table = series_table
        self._decoders = decoders
        self._temperature_scale = temperature_scale
        self._polled = polled
        self.by_wire: dict[str, Channel] = {}

    def of(self, wire: str) -> Channel | None:
        """The channel of a wire key; None where the catalogue has no such field."""
        known = self.by_wire.get(wire)
        row = LIVE.get(wire)
        if known or row is None:
            return known
        decoder = self._decoders.of(
            row, row.scale_for(self._charger.dialect, self._temperature_scale)
        )
        channel = self.by_wire[wire] = Channel(row, decoder, self._series_of(row))
        return channel

    def fresh_columns(self, steady: Steady, within: float) -> set[str]:
        """The columns with a value from MQTT within so many seconds."""
        return {
            channel.column
            for channel in self.by_wire.values()
            if channel.value is not None and steady - channel.steady < within
        }

    def carries(self, column: str) -> bool:
        """Whether MQTT shows a value other than 0 in this column."""
        return any(c.column == column and c.shown and c.value for c in self.by_wire.values())

    def leave_to_polls(self, columns: Collection[str]) -> None:
        """These series show polled values now; the next value from MQTT is exposed again."""
        for channel in self.by_wire.values():
            channel.shown = channel.shown and channel.column not in columns

    def values(self) -> Iterator[Channel]:
        """The channels that show a value, polled ones first."""
        yield from self._polled.values()
        yield from (channel for channel in self.by_wire.values() if channel.shown)

    def expire(self, steady: Steady, stale_after: float, *, down: bool) -> Steady:
        """Hide stale values; returns the steady time of the oldest value still shown.

        If the charger is `down`, event-driven values are stale too.
        """
        oldest_shown, limit = steady, steady - stale_after
        for channel in self.by_wire.values():
            if not channel.shown:
                continue
            if down if channel.event_driven else channel.steady <= limit:
                self.hide(channel)
            elif not channel.event_driven:
                oldest_shown = min(oldest_shown, channel.steady)
        return oldest_shown

    def expire_polled(self, polled: Channel) -> None:
        """Hide a stale polled value; its series may show MQTT's value meanwhile."""
        if any(c.shown and c.column == polled.column for c in self.by_wire.values()):
            polled.shown = False
        else:
            self.hide(polled)

    def hide(self, channel: Channel) -> None:
        """Hide a value; a value under the field's second name stays shown."""
        if not channel.shown:
            return
        channel.hide()
        if channel.state:
            self._charging.hide()
        for other in (*self._polled.channels.values(), *self.by_wire.values()):
            if other.column == channel.column and other.shown:
                other.show()

    def discard(self, channel: Channel, reason: Reason) -> Reason:
        """The reason to discard a reading; hides the value of a missing sensor."""
        idle_with = channel.row.idle_with
        if reason is Reason.NO_SENSOR:
            self.hide(channel)
            if idle_with and channel.payload != b"false" and self.carries(idle_with):
                return Reason.IMPLAUSIBLE
        return reason

    def _series_of(self, row: FieldRow) -> Series | None:
        """None for a device's counter: only its reset-proof total is exposed."""
        if row.metric is None or row.counter:
            return None
        labels = dict([row.label]) if row.label else {}
        return self._series_table.series(row.metric, self._charger.id, labels)
