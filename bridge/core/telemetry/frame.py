"""A frame: one burst of messages from a charger, which becomes one point.

Gateways publish each member of a document as a separate message, without a boundary. A frame
ends at a repeated field, after a short pause, or two seconds after its first member.
"""

from bridge.core.clock import Steady, Unix
from bridge.core.telemetry.channel import Channel

LONGEST_SECONDS = 2.0


class Frame:
    """The open frame of one charger; `unix` is its first member's arrival.

    `parts` are its members by column, `aliases` the second names of the same values.
    """

    __slots__ = ("aliases", "first", "last", "parts", "unix")

    def __init__(self, unix: Unix, steady: Steady) -> None:
        self.unix = unix
        self.first = self.last = steady
        self.parts: dict[str, Channel] = {}
        self.aliases: list[Channel] = []

    def add_second_name(self, channel: Channel, first: Channel) -> bool:
        """Add a second name of a value already here; True if it is the better one, which then
        replaces the first."""
        better = channel.rank < first.rank
        self.aliases.append(first if better else channel)
        if better:
            self.parts[channel.column] = channel
        return better

    def over(self, steady: Steady, gap: float) -> bool:
        """Whether the frame has ended by time."""
        return steady - self.last >= gap or steady - self.first >= LONGEST_SECONDS
