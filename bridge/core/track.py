"""The telemetry of one charger: its channels, its open frame, and what follows from them."""

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.core.allowance import Allowance
from bridge.core.catalogue import LIVE, Kind, Origin, Row
from bridge.core.channel import Channel, Line
from bridge.core.charger import Charger
from bridge.core.clock import Moment
from bridge.core.decode import parser
from bridge.core.families import BY_NAME, MetricType
from bridge.core.frames import Frame
from bridge.core.lines import number
from bridge.core.load import Load
from bridge.core.model import Body, Dialect, Reason
from bridge.core.outbox import Outbox
from bridge.core.presence import Board, Presence
from bridge.core.story import Story
from bridge.core.units import UnitCheck
from bridge.core.writer import Writer

_BITS = {row.wire: 1 << index for index, row in enumerate(LIVE.values())}
NOT_POLLED = "polled=0i"


@dataclass(frozen=True, slots=True)
class Habits:
    """What the settings say of telemetry; durations in seconds."""

    frame_gap: float = 0.25
    stale_after: float = 120.0
    temperature_scale: float | None = None
    readings_per_second: float = 50.0
    state_set: bool = False


class Track:
    """Takes the payloads of one charger and fills the outbox and the board."""

    __slots__ = (
        "_allowance", "_board", "_frame", "_habits", "_load", "_out", "_units", "channels",
        "charger", "presence", "story", "writer",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        board: Board,
        out: Outbox,
        writer: Writer,
        habits: Habits,
        body: Body,
        trusted: bool,
    ) -> None:
        self.charger = charger
        self.writer = writer
        self._board = board
        self._out = out
        self._habits = habits
        self._frame: Frame | None = None
        self._allowance = Allowance(habits.readings_per_second)
        self._load = Load(board.line("evse_power_watts", charger.id, {}))
        self.channels: dict[str, Channel] = {}
        self.presence = Presence(charger, board=board, stale_after=habits.stale_after)
        self.story = Story(
            charger.id, board=board, writer=writer, body=body, trusted=trusted,
            state_set=habits.state_set,
        )  # fmt: skip
        self._units = UnitCheck(milliamperes=charger.dialect is not Dialect.NOFOS)
        self._suspect_line().put(0)

    def channel(self, wire: str) -> Channel | None:
        """The channel of a wire key; None where the catalogue has no such field."""
        known = self.channels.get(wire)
        row = LIVE.get(wire)
        if known or row is None:
            return known
        scale = row.scale_for(self.charger.dialect, self._habits.temperature_scale)
        made = Channel(row, _BITS[wire], parser(row, scale), self._line_of(row))
        self.channels[wire] = made
        return made

    def take(self, channel: Channel, payload: bytes, now: Moment) -> Reason | None:
        """Take one live payload; returns why it became no sample, or None.

        One breath of messages shares a moment, so the order of the checks is the cost.
        """
        steady = now.steady
        if not self._allowance.take(steady):
            return Reason.LIMIT
        frame = self._frame
        if frame is not None and (
            frame.seen & channel.bit or frame.over(steady, self._habits.frame_gap)
        ):
            self.close()
            frame = None
        if payload != channel.payload or channel.kind is Kind.TIME:
            channel.read(payload, now.wall)
        if channel.reason is not None:
            return self._without(channel, channel.reason)
        channel.at = steady
        if channel.kind is Kind.STATE:
            return self._state(channel, frame, now)
        return self._join(channel, frame, now)

    def _join(self, channel: Channel, frame: Frame | None, now: Moment) -> Reason | None:
        if frame is None:
            frame = self._frame = Frame(now.wall, now.steady)
            self._out.breaths[self] = None
        if not frame.join(channel, now.steady):
            if frame.parts[channel.column] is channel:
                # Both names have one line, and the better one has the last word.
                channel.show()
            return Reason.ALIAS
        self._out.open += 1
        if not channel.shown:
            channel.show()
        if channel.column == "current_1":
            self._check_unit(channel, now)
        return None

    def _state(self, channel: Channel, frame: Frame | None, now: Moment) -> Reason | None:
        """A change of state with no frame open is a point of its own, at once."""
        code = int(channel.value or 0)
        known = self.story.code
        lone = frame is None and known is not None and known != code
        self.story.state(code, now)
        if not channel.shown:
            channel.show()
        if not lone:
            return self._join(channel, frame, now)
        self.writer.point((channel.text, NOT_POLLED), 1, now.wall)
        self._out.changed.add(self.charger.id)
        return None

    def rise(self, now: Moment) -> None:
        """Live telemetry of a charger that was not up."""
        event = self.presence.rise(now)
        if event is not None:
            self.writer.event(event)

    def close(self) -> None:
        """End the open frame: its members become one point."""
        frame, self._frame = self._frame, None
        if frame is None:
            return
        self._out.open -= frame.readings
        parts = frame.parts
        fields = [part.text for part in parts.values()]
        sent = self.channels.get("power")
        computed = sent is None or not sent.shown
        power = self._load.take(parts, frame.last, show=computed)
        if power is not None and computed:
            fields.append(number("power", power))
        if (energy := parts.get("energy")) is not None and energy.value is not None:
            total = self.story.energy(float(energy.value), frame.wall)
            if total is not None:
                fields.append(number("energy_total", total))
        self.story.sessions.load(self._load.amperes, power or 0.0)
        fields.append(NOT_POLLED)
        self.writer.point(fields, frame.readings, frame.wall)
        self._out.changed.add(self.charger.id)

    def quiet(self, steady: float) -> bool:
        """End the frame if its time is over; False while one is open."""
        if self._frame is not None and self._frame.over(steady, self._habits.frame_gap):
            self.close()
        return self._frame is None

    def sweep(self, now: Moment) -> None:
        """Take away what went stale, and end what waited long enough."""
        down = self.presence.sweep(now)
        oldest = now.steady - self._habits.stale_after
        for channel in self.channels.values():
            if channel.shown and (
                down if channel.row.origin & Origin.EVENT else channel.at <= oldest
            ):
                self._hide(channel)
        self._load.expire(oldest)
        self.story.sweep(now)

    def body(self) -> dict[str, object]:
        """What the state file keeps of this charger."""
        return {
            **self.charger.body(),
            **self.story.body(),
            "stamps": self.writer.stamps(),
        }

    def values(self) -> Iterator[Channel]:
        """The channels that show a value now."""
        return (channel for channel in self.channels.values() if channel.shown)

    def _without(self, channel: Channel, reason: Reason) -> Reason:
        """A reading without a value; a sensor that is gone shows nothing any more."""
        idle_with = channel.row.idle_with
        if reason is Reason.NO_SENSOR:
            self._hide(channel)
            if idle_with and channel.payload != b"false" and self._carries(idle_with):
                return Reason.IMPLAUSIBLE
        return reason

    def _carries(self, column: str) -> bool:
        return any(c.column == column and c.shown and c.value for c in self.channels.values())

    def _check_unit(self, channel: Channel, now: Moment) -> None:
        pilot = self.channels.get("pilot")
        if self.story.code != 3 or pilot is None or not pilot.value or channel.value is None:
            return
        if self._units.take(float(channel.value), float(pilot.value)):
            self._suspect_line().put(int(self._units.suspect))
            self.story.suspect(self._units.suspect, self.charger.dialect, now)

    def _hide(self, channel: Channel) -> None:
        """Take a value away; what is known under its second name stays."""
        if not channel.shown:
            return
        channel.hide()
        if channel.kind is Kind.STATE:
            self.story.hide()
        for other in self.channels.values():
            if other.column == channel.column and other.shown:
                other.show()

    def _suspect_line(self) -> Line:
        return self._board.line("evse_unit_suspect", self.charger.id, {})

    def _line_of(self, row: Row) -> Line | None:
        """A device's counter is no counter of ours: only its reset-proof total is shown."""
        if row.metric is None or BY_NAME[row.metric].type is MetricType.COUNTER:
            return None
        labels = dict([row.label]) if row.label else {}
        return self._board.line(row.metric, self.charger.id, labels)
