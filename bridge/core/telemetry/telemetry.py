"""The telemetry of one charger: its channels, its open frame, and what follows from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bridge.core.charging.charging import Charging
from bridge.core.clock import Moment
from bridge.core.counters import Witness
from bridge.core.discovery.charger import Charger
from bridge.core.fields.catalogue import LIVE, FieldRow, Kind
from bridge.core.fields.config import DeviceConfig
from bridge.core.fields.decoder import Decoders
from bridge.core.fields.status import Status, StatusValue
from bridge.core.gateway.gateway import Gateway
from bridge.core.model import Dialect, Event, EventKind, Reason, SavedState
from bridge.core.output.line_protocol import number
from bridge.core.output.outbox import Outbox
from bridge.core.output.series import Series, SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.polling.turn import Mode
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.frame import Frame
from bridge.core.telemetry.load import Load
from bridge.core.telemetry.path import FeedPath
from bridge.core.telemetry.polled import PolledValues
from bridge.core.telemetry.presence import Presence
from bridge.core.telemetry.unit_check import UnitCheck
from bridge.core.token_bucket import TokenBucket

NOT_POLLED, POLLED = "polled=0i", "polled=1i"


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """What the settings say of telemetry; durations in seconds."""

    frame_gap: float = 0.25
    silent_after: float = 75.0
    stale_after: float = 120.0
    enrich_every: float = 300.0
    temperature_scale: Mapping[Dialect, float] = field(default_factory=dict)
    readings_per_second: float = 50.0
    state_set: bool = False


class Telemetry:
    """Takes the payloads of one charger and fills the outbox and the series_table."""

    __slots__ = (
        "_bucket",
        "_config",
        "_decoders",
        "_due",
        "_frame",
        "_moment",
        "_out",
        "_reported_path",
        "_series_table",
        "_unit_check",
        "_witnessed",
        "channels",
        "charger",
        "charging",
        "gateway",
        "load",
        "path",
        "polled",
        "presence",
        "writer",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        series_table: SeriesTable,
        out: Outbox,
        writer: Writer,
        config: TelemetryConfig,
        decoders: Decoders,
        saved: SavedState,
        trusted: bool,
    ) -> None:
        self.charger = charger
        self.writer = writer
        self._series_table = series_table
        self._out = out
        self._config = config
        self._decoders = decoders
        self._frame: Frame | None = None
        self._moment: Moment | None = None
        self._due = 0.0
        """Steady time before which no value can go stale."""
        self._witnessed: float | None = None
        """Steady time of the last /status that could speak for its values."""
        self._bucket = TokenBucket(config.readings_per_second)
        self.load = Load(series_table.series("evse_power_watts", charger.id, {}))
        self.channels: dict[str, Channel] = {}
        # Before presence, which shows the versions that it remembers.
        self.gateway = Gateway(
            charger,
            series_table=series_table,
            writer=writer,
            saved=saved,
            rare=3 * config.enrich_every,
        )
        self.presence = Presence(charger, series_table=series_table, stale_after=config.stale_after)
        self.charging = Charging(
            charger.id, series_table=series_table, writer=writer, saved=saved, trusted=trusted,
            state_set=config.state_set,
        )  # fmt: skip
        self.polled = PolledValues(
            charger, series_table=series_table, decoders=decoders, saved=saved
        )
        self.path = FeedPath(charger, silent_after=config.silent_after)
        self._reported_path = "http" if saved.get("path") == "http" else "mqtt"
        """The path that was told of last."""
        self._unit_check = UnitCheck(
            milliamperes=charger.dialect is not Dialect.NOFOS,
            suspect=saved.get("unit_suspect") is True,
        )
        self._suspect_line().set(int(self._unit_check.suspect))

    def channel(self, wire: str) -> Channel | None:
        """The channel of a wire key; None where the catalogue has no such field."""
        known = self.channels.get(wire)
        row = LIVE.get(wire)
        if known or row is None:
            return known
        dialect = self.charger.dialect
        scale = row.scale_for(dialect, self._config.temperature_scale.get(dialect))
        decoder = self._decoders.of(row, scale)
        made = Channel(row, decoder, self._line_of(row))
        self.channels[wire] = made
        return made

    def receive(self, channel: Channel, payload: bytes, now: Moment) -> Reason | None:
        """Take one live payload; returns why it became no sample, or None.

        Speed: one breath of messages shares a moment, so what only time changes is looked at
        once in it, and a member joins its frame here, not in a call.
        """
        if now is not self._moment:
            self._begin_moment(now)
        allowance = self._bucket
        if allowance.left < 1:
            return Reason.LIMIT
        allowance.left -= 1
        frame, first = self._frame, None
        if frame is not None:
            first = frame.parts.get(channel.column)
            if first is channel or (first is not None and channel in frame.others):
                self.close()
                frame = first = None
        if payload != channel.payload:
            channel.read(payload, now.wall)
        if channel.reason is not None:
            return self._discard(channel, channel.reason)
        channel.at = now.steady
        if channel.state and self._lone(channel, frame, now):
            return None
        if frame is None:
            frame = self._open(now)
        frame.last = now.steady
        if first is not None:
            if frame.second_name(channel, first):
                # Both names have one line, and the better one has the last word.
                channel.show()
            return Reason.ALIAS
        frame.parts[channel.column] = channel
        if not channel.shown:
            channel.show()
        if channel.judged:
            self._check_unit(channel, self.channels.get("pilot"), now)
        return None

    def _begin_moment(self, now: Moment) -> None:
        """The first message of a moment: the charger is there, and time has passed."""
        self._moment = now
        self.charger.heard_steady, self.charger.heard_unix = now.steady, now.wall
        if not self.presence.up:
            self.mark_up(now)
        self._bucket.fill(now.steady)
        if self._frame is not None and self._frame.over(now.steady, self._config.frame_gap):
            self.close()

    def _open(self, now: Moment) -> Frame:
        frame = self._frame = Frame(now.wall, now.steady)
        self._out.open_frames[self] = None
        return frame

    @property
    def readings(self) -> int:
        """Readings in the open frame."""
        return 0 if self._frame is None else len(self._frame.parts)

    def _lone(self, channel: Channel, frame: Frame | None, now: Moment) -> bool:
        """Take a state; a change with no frame open is a point of its own, at once."""
        code = int(channel.value or 0)
        known = self.charging.code
        self.charging.observe_state(code, now)
        if frame is not None or known is None or known == code:
            return False
        if not channel.shown:
            channel.show()
        self.writer.write_point((channel.text, NOT_POLLED), 1, now.wall)
        return True

    def mark_up(self, now: Moment, source: str = "mqtt") -> None:
        """Something came from a charger that was not up."""
        event = self.presence.mark_up(now, source)
        if event is not None:
            self.writer.write_event(event)

    def close(self) -> None:
        """End the open frame: its members become one point."""
        frame, self._frame = self._frame, None
        if frame is not None:
            self._write(frame.parts, Moment(frame.wall, frame.last), NOT_POLLED)

    def _write(
        self, parts: Mapping[str, Channel], now: Moment, mark: str, witness: Witness | None = None
    ) -> None:
        """One point, with what follows from its members; steady `now` is when the last came."""
        wall, steady = now.wall, now.steady
        fields = [part.text for part in parts.values()]
        sent = self.channels.get("power")
        computed = "power" not in parts and (sent is None or not sent.shown)
        power = self.load.observe(parts, steady, show=computed)
        if power is not None and computed:
            fields.append(number("power", power))
        if not computed and (said := parts.get("power")) is not None:
            power = said.value
        if (energy := parts.get("energy")) is not None and energy.value is not None:
            alone = self._no_status_due(steady)
            total = self.charging.observe_energy(float(energy.value), wall, witness, alone=alone)
            if total is not None:
                fields.append(number("energy_total", total))
        self._session(parts, now)
        self.charging.observe_load(self.load.amperes, power or 0.0, wall)
        fields.append(mark)
        self.writer.write_point(fields, len(parts), wall)
        self._out.dirty_since.setdefault(self.charger.id, steady)

    def _session(self, parts: Mapping[str, Channel], now: Moment) -> None:
        spent, elapsed = parts.get("session_energy"), parts.get("session_elapsed")
        if spent is not None or elapsed is not None:
            self.charging.observe_session(
                None if spent is None else spent.value,
                None if elapsed is None else elapsed.value,
                now,
            )

    def _no_status_due(self, steady: float) -> bool:
        """No /status is to be had that could speak for a total."""
        witnessed = self._witnessed
        return witnessed is None or steady - witnessed >= 3 * self._config.enrich_every

    @property
    def poll_hints(self) -> int:
        """Rises when /status is worth a look soon."""
        return self.charging.poll_hints + self.gateway.poll_hints

    def receive_status(self, status: Status, seconds: float, now: Moment) -> list[Reason]:
        """Take a polled document; returns why its other members became no samples.

        What MQTT brought within `silent_after` is fresher and stands.
        """
        self.polled.poll_ended(True, seconds, now)
        if not self.presence.up or self.charger.offline:
            self.mark_up(now, "http")
        witness = status.witness()
        if witness.commands is not None:
            self._witnessed = now.steady
        reasons = self._accept(status, witness, now)
        self.gateway.observe_status(status, witness, now, self.charging.code)
        return reasons

    def poll_failed(self, seconds: float, now: Moment) -> None:
        """A poll failed; with the third in a row goes what only /status tells."""
        self.polled.poll_ended(False, seconds, now)
        if self.polled.lost:
            for channel in self.polled.http_only():
                self._expire_polled(channel)
            self.gateway.expire()

    def receive_answer(self, status: Status, now: Moment) -> list[Reason]:
        """Take the controller's own answer over MQTT; returns as `poll` does.

        No gateway stands in between that would say 0 for what it has not read yet.
        """
        witness = Witness(measured=True)
        reasons = self._accept(status, witness, now)
        self.gateway.observe_answer(status, witness, now, self.charging.code)
        return reasons

    def _accept(self, status: Status, witness: Witness, now: Moment) -> list[Reason]:
        fresh = {
            channel.column
            for channel in self.channels.values()
            if channel.value is not None
            and now.steady - channel.at < self._config.silent_after
            and not self.charger.ambiguous
        }
        reasons = [reason for _, reason in status.discarded]
        taken: dict[str, Channel] = {}
        for column, part in status.parts.items():
            if column in fresh:
                reasons.append(Reason.FRESHER_SOURCE)
            else:
                taken[column] = self._keep(part, now)
        if taken:
            for channel in self.channels.values():
                # The line is the poll's now; what MQTT says next is written again.
                channel.shown = channel.shown and channel.column not in taken
            self._write(taken, now, POLLED, witness)
        if (current := taken.get("current_1")) is not None:
            self._check_unit(current, taken.get("pilot") or self.channels.get("pilot"), now)
        energy = status.value("energy")
        if "energy" in fresh and energy is not None and self.charging.doubtful:
            # MQTT's totals contradict the believed one: this document is asked whom to believe.
            self.charging.observe_energy(float(energy), now.wall, witness, alone=False)
        return reasons

    def receive_config(self, device: DeviceConfig, now: Moment) -> list[Reason]:
        """Take a /config; returns why its other members became no samples."""
        if self.gateway.observe_config(device):
            self.presence.update()
        if device.values:
            fields = [number(column, value) for column, value in device.values.items()]
            self.writer.write_point((*fields, POLLED), len(device.values), now.wall)
        others = len(device.texts) + device.dropped
        return [reason for _, reason in device.discarded] + [Reason.NOT_TELEMETRY] * others

    def _keep(self, part: StatusValue, now: Moment) -> Channel:
        if part.row.kind is Kind.STATE:
            self.charging.observe_state(int(part.value), now)
        return self.polled.receive(part, now)

    def http_address(self, now: Moment, asked: str | None) -> str | None:
        """Where it is to be polled, as it was announced; `asked` is where it is now."""
        return self.charger.http_address(now.steady, self._config.stale_after, asked)

    def poll_mode(self, now: Moment) -> Mode:
        """How to poll it from now on; tells of a change of its path."""
        mode = self.path.poll_mode(now)
        if self.path.fallback and self.charger.answered_poll(now.steady, self._config.stale_after):
            self._report_path("http", now)
        elif not self.path.fallback and self.presence.up and self.charger.heard_steady is not None:
            self._report_path("mqtt", now)
        return mode

    def _report_path(self, source: str, now: Moment) -> None:
        if self.presence.source != source:
            self.presence.set_source(source)
        if self._reported_path != source:
            self._reported_path = source
            self.writer.write_event(Event(self.charger.id, now.wall, EventKind.PATH, 0, source))

    def close_if_quiet(self, steady: float) -> bool:
        """End the frame if its time is over; False while one is open."""
        if self._frame is not None and self._frame.over(steady, self._config.frame_gap):
            self.close()
        return self._frame is None

    def sweep(self, now: Moment) -> None:
        """Take away what went stale, and end what waited long enough."""
        down = self.presence.sweep(now)
        if down or now.steady >= self._due:
            self._expire(now.steady, down)
        config = self._config
        for channel in self.polled.stale(
            now.steady,
            periodic=config.stale_after,
            rare=3 * config.enrich_every,
            down=down,
        ):
            self._expire_polled(channel)
        self.gateway.sweep(now.steady)
        self.charging.sweep(now)

    def _expire_polled(self, polled: Channel) -> None:
        """A polled value went stale; the line may be MQTT's meanwhile."""
        if any(c.shown and c.column == polled.column for c in self.channels.values()):
            polled.shown = False
        else:
            self._hide(polled)

    def _expire(self, steady: float, down: bool) -> None:
        """Hide what went stale; what arrives from now on cannot before `_due`."""
        stale_after = self._config.stale_after
        first, oldest = steady, steady - stale_after
        for channel in self.channels.values():
            if not channel.shown:
                continue
            if down if channel.eventful else channel.at <= oldest:
                self._hide(channel)
            elif not channel.eventful:
                first = min(first, channel.at)
        self.load.expire(oldest)
        self._due = min(first, self.load.at or first) + stale_after

    def saved(self) -> dict[str, object]:
        """What the state file keeps of this charger."""
        return {
            **self.charger.saved(),
            **self.charging.saved(),
            **self.polled.saved(),
            **self.gateway.saved(),
            "path": self._reported_path,
            "unit_suspect": self._unit_check.suspect,
            "stamps": self.writer.stamps(),
        }

    def values(self) -> Iterator[Channel]:
        """The channels that show a value now."""
        yield from self.polled.values()
        yield from (channel for channel in self.channels.values() if channel.shown)

    def _discard(self, channel: Channel, reason: Reason) -> Reason:
        """A reading without a value; a sensor that is gone shows nothing any more."""
        idle_with = channel.row.idle_with
        if reason is Reason.NO_SENSOR:
            self._hide(channel)
            if idle_with and channel.payload != b"false" and self._carries(idle_with):
                return Reason.IMPLAUSIBLE
        return reason

    def _carries(self, column: str) -> bool:
        return any(c.column == column and c.shown and c.value for c in self.channels.values())

    def _check_unit(self, channel: Channel, pilot: Channel | None, now: Moment) -> None:
        if self.charging.code != 3 or pilot is None or not pilot.value or channel.value is None:
            return
        if self._unit_check.observe(float(channel.value), float(pilot.value)):
            self._suspect_line().set(int(self._unit_check.suspect))
            self.charging.report_unit(self._unit_check.suspect, self.charger.dialect, now)

    def _hide(self, channel: Channel) -> None:
        """Take a value away; what is known under its second name stays."""
        if not channel.shown:
            return
        channel.hide()
        if channel.kind is Kind.STATE:
            self.charging.hide()
        for other in (*self.polled.channels.values(), *self.channels.values()):
            if other.column == channel.column and other.shown:
                other.show()

    def _suspect_line(self) -> Series:
        return self._series_table.series("evse_unit_suspect", self.charger.id, {})

    def _line_of(self, row: FieldRow) -> Series | None:
        """A device's counter is no counter of ours: only its reset-proof total is shown."""
        if row.metric is None or row.counter:
            return None
        labels = dict([row.label]) if row.label else {}
        return self._series_table.series(row.metric, self.charger.id, labels)
