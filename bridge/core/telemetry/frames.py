"""The frames of one charger: the open one, and how it ends and becomes a point."""

from bridge.core.charging.charging import Charging
from bridge.core.clock import Moment, Steady
from bridge.core.fields.decode import Value
from bridge.core.model import Reason
from bridge.core.output.outbox import Outbox
from bridge.core.output.writer import Writer
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.frame import Frame, Repeat
from bridge.core.telemetry.points import NOT_POLLED, Points


class Frames:
    """`open` is the open frame; it ends after `gap` seconds of quiet."""

    __slots__ = ("_charging", "_gap", "_lone", "_lone_steady", "_out", "_points", "_writer", "open")

    def __init__(
        self, *, points: Points, charging: Charging, writer: Writer, out: Outbox, gap: float
    ) -> None:
        self._points = points
        self._charging = charging
        self._writer = writer
        self._out = out
        self._gap = gap
        self.open: Frame | None = None
        self._lone: Value | None = None
        self._lone_steady = Steady(0.0)

    def begin(self, now: Moment) -> Frame:
        """Open a frame."""
        frame = self.open = Frame(now.unix, now.steady)
        return frame

    def add_repeat(self, frame: Frame, repeat: Repeat) -> Reason | None:
        """Count a message that arrived again; of a whole document, the earlier ones with it."""
        if repeat is Repeat.ADJACENT:
            return Reason.ALIAS
        if repeat is Repeat.WHOLE:
            self._out.discard(Reason.ALIAS, frame.end_repeat())
        return None

    def without(self, channel: Channel) -> Frame | None:
        """End frames that have the channel, or are repeated; returns the one that is open then."""
        frame = self._end()
        return self._end() if frame is not None and frame.has(channel) else frame

    def receive_state(self, channel: Channel, now: Moment) -> bool:
        """Observe a state; a change without an open frame is written as a point at once."""
        code = int(channel.value or 0)
        known = self._charging.code
        self._charging.observe_state(code, now)
        if self.open is not None or known is None or known == code:
            self._lone = None
            return False
        if not channel.shown:
            channel.show()
        self._lone, self._lone_steady = channel.value, now.steady
        self._writer.write_point((channel.text, NOT_POLLED), 1, now.unix)
        return True

    def repeats_lone(self, channel: Channel, steady: Steady) -> bool:
        """Whether a state without a frame is the lone one just before, delivered again."""
        return channel.value == self._lone and steady - self._lone_steady < self._gap

    def close_if_over(self, steady: Steady) -> None:
        """Close the frame if it has ended by time."""
        while self.open is not None and self.open.over(steady, self._gap):
            self._end()

    def close(self) -> None:
        """Close the frame: its members become one point."""
        while self._end() is not None:
            continue

    def _end(self) -> Frame | None:
        """Write the frame as a point; what began to repeat it is then a frame of its own."""
        frame = self.open
        if frame is None:
            return None
        following = self.open = frame.repeat
        if following is not None:
            self._out.discard(Reason.ALIAS, len(following.aliases))
        self._points.write(frame.parts, Moment(frame.unix, frame.last), NOT_POLLED)
        return following
