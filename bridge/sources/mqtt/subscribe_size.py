"""How many filters one SUBSCRIBE packet may have: fewer for brokers that end the connection.

AWS IoT Core ends it at more than eight, without an answer.
"""

from bridge.sources.mqtt.subscribe_queue import FILTERS_PER_PACKET

SIZES = (FILTERS_PER_PACKET, 8, 1)
ENDS = 2
"""So many connections in a row have to end in place of an answer."""
TRY_AGAIN_SECONDS = 86_400.0


class SubscribeSize:
    """The size for the next connection; times are of the steady clock, in seconds."""

    __slots__ = ("_ends", "_since", "_step", "_tried")

    def __init__(self) -> None:
        self._step = self._ends = 0
        self._since = 0.0
        self._tried: int | None = None
        """The step that is known to work, while a larger size is tried again."""

    def next(self, steady: float) -> int:
        """The most filters in a packet of a new connection; the largest again once a day."""
        if self._tried is None and self._step and steady - self._since >= TRY_AGAIN_SECONDS:
            self._tried, self._step = self._step, 0
        return SIZES[self._step]

    def ended(self, filters: int, steady: float) -> bool:
        """A connection ended in place of the answer to so many filters, 0 for another reason.

        True where the next connection uses smaller packets.
        """
        if not filters:
            self._ends, self._tried = 0, None
            return False
        if self._tried is not None:
            self._step, self._tried = self._tried, None
        else:
            self._ends += 1
            if self._ends < ENDS or self._step == len(SIZES) - 1:
                return False
            smaller = [step for step, size in enumerate(SIZES) if size < filters]
            self._step = min(smaller, default=len(SIZES) - 1)
        self._ends, self._since = 0, steady
        return True
