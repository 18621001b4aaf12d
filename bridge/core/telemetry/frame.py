"""A frame: one burst of messages from a charger, which becomes one point.

Gateways publish each member of a document as a separate message, without a boundary. A frame
ends at a repeated field, after a short pause, or two seconds after its first member. A broker
may deliver each message twice, or a whole document: such repeats add nothing.
"""

from enum import Enum

from bridge.core.clock import Moment, Steady, Unix
from bridge.core.telemetry.channel import Channel

LONGEST_SECONDS = 2.0


class Repeat(Enum):
    """What a message means for a frame that has its field already, or is being repeated."""

    ADJACENT = "adjacent"
    """The member just before, again: it adds nothing."""
    OPEN = "open"
    """Perhaps a part of the whole document again."""
    WHOLE = "whole"
    """The last part of the whole document again, which adds nothing."""
    NO_VALUE = "no value"
    """No member, but a reading that was discarded and is sent again."""
    NONE = "none"
    """No repeat: the frame has ended."""


class Frame:
    """The open frame of one charger; `unix` is its first member's arrival.

    `parts` are its members by column, `aliases` the second names of the same values.
    `repeat` has the members that arrived again so far.
    """

    __slots__ = ("_latest", "_latest_at", "aliases", "first", "last", "parts", "repeat", "unix")

    def __init__(self, unix: Unix, steady: Steady) -> None:
        self.unix = unix
        self.first = self.last = steady
        self.parts: dict[str, Channel] = {}
        self.aliases: list[Channel] = []
        self._latest: Channel | None = None
        self._latest_at = 0
        self.repeat: Frame | None = None

    @property
    def readings(self) -> int:
        """The readings that wait in it."""
        repeat = self.repeat
        return len(self.parts) + (len(repeat.parts) + len(repeat.aliases) if repeat else 0)

    @property
    def latest(self) -> Channel | None:
        """What arrived last: a member, a second name, or the last one of a whole repeat."""
        if self._latest_at == len(self.parts):
            return self._latest
        return next(reversed(self.parts.values()))

    def add_second_name(self, channel: Channel, first: Channel) -> bool:
        """Add a second name of a value already here; True if it is the better one, which then
        replaces the first."""
        self._latest, self._latest_at = channel, len(self.parts)
        better = channel.rank < first.rank
        self.aliases.append(first if better else channel)
        if better:
            self.parts[channel.column] = channel
        return better

    def over(self, steady: Steady, gap: float) -> bool:
        """Whether the frame, or what repeats it, has ended by time."""
        if self.repeat is not None:
            return self.repeat.over(steady, gap)
        return steady - self.last >= gap or steady - self.first >= LONGEST_SECONDS

    def has(self, channel: Channel) -> bool:
        """Whether the channel is a member, or a second name of one."""
        return self.parts.get(channel.column) is channel or channel in self.aliases

    def observe_repeat(self, channel: Channel, payload: bytes, now: Moment) -> Repeat:
        """What a message means whose field the frame has, or any message during a repeat."""
        if not self.has(channel):
            absent = channel.reason is not None and channel.payload == payload
            return Repeat.NO_VALUE if absent else Repeat.NONE
        if not channel.repeats(payload, now):
            return Repeat.NONE
        repeat = self.repeat
        if repeat is None and self.latest is channel:
            return Repeat.ADJACENT
        if repeat is None:
            repeat = self.repeat = Frame(now.unix, now.steady)
        elif repeat.has(channel):
            return Repeat.ADJACENT if repeat.latest is channel else Repeat.NONE
        repeat.join(channel, now.steady)
        if len(repeat.parts) < len(self.parts) or len(repeat.aliases) < len(self.aliases):
            return Repeat.OPEN
        self._latest, self._latest_at = channel, len(self.parts)
        return Repeat.WHOLE

    def join(self, channel: Channel, steady: Steady) -> None:
        """Add a member or a second name; the hot path does the same without this call."""
        self.last = steady
        first = self.parts.setdefault(channel.column, channel)
        if first is not channel:
            self.add_second_name(channel, first)

    def end_repeat(self) -> int:
        """The document arrived again as a whole: returns the readings of the repeat."""
        repeat, self.repeat = self.repeat, None
        return len(repeat.parts) + len(repeat.aliases) if repeat else 0
