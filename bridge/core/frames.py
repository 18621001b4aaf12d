"""A frame: what a charger said in one breath, which becomes one point.

Gateways publish each member of a document as a message of its own, without a boundary. A
frame ends at a repeated field, after a short quiet, or two seconds after its first member.
"""

from bridge.core.channel import Channel

LONGEST_SECONDS = 2.0


class Frame:
    """The open frame of one charger; `wall` is its first member's arrival."""

    __slots__ = ("first", "last", "parts", "readings", "seen", "wall")

    def __init__(self, wall: float, steady: float) -> None:
        self.wall = wall
        self.first = self.last = steady
        self.seen = 0
        self.readings = 0
        self.parts: dict[str, Channel] = {}

    def join(self, channel: Channel, steady: float) -> bool:
        """Take a member; False where it is a second name of a value already here.

        The better of the two names stands for the value; either way one is an alias.
        """
        self.seen |= channel.bit
        self.last = steady
        parts = self.parts
        other = parts.get(channel.column)
        if other is None:
            parts[channel.column] = channel
            self.readings += 1
            return True
        if channel.rank < other.rank:
            parts[channel.column] = channel
        return False

    def over(self, steady: float, gap: float) -> bool:
        """Whether the frame has ended by itself."""
        return steady - self.last >= gap or steady - self.first >= LONGEST_SECONDS
