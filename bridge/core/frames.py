"""A frame: what a charger said in one breath, which becomes one point.

Gateways publish each member of a document as a message of its own, without a boundary. A
frame ends at a repeated field, after a short quiet, or two seconds after its first member.
"""

from bridge.core.channel import Channel

LONGEST_SECONDS = 2.0


class Frame:
    """The open frame of one charger; `wall` is its first member's arrival.

    `parts` are its members by column, `seen` the bits of all channels that spoke in it.
    """

    __slots__ = ("first", "last", "parts", "seen", "wall")

    def __init__(self, wall: float, steady: float) -> None:
        self.wall = wall
        self.first = self.last = steady
        self.seen = 0
        self.parts: dict[str, Channel] = {}

    def second_name(self, channel: Channel) -> None:
        """Take a second name of a value already here: the better one stands for it."""
        if channel.rank < self.parts[channel.column].rank:
            self.parts[channel.column] = channel

    def over(self, steady: float, gap: float) -> bool:
        """Whether the frame has ended by itself."""
        return steady - self.last >= gap or steady - self.first >= LONGEST_SECONDS
