"""The limit on one charger's readings: beyond it, the newest value of each field is kept.

A link that was stalled delivers minutes of messages at once. What counts then is how they end:
a fault that is over must not stay.
"""

from collections.abc import Callable, Iterator

from bridge.core.clock import Moment, Steady
from bridge.core.fields.decode import LONGEST
from bridge.core.model import Reason
from bridge.core.telemetry.channel import Channel
from bridge.core.token_bucket import TokenBucket

Receive = Callable[[Channel, bytes, Moment], Reason | None]

STATES, STATES_SECONDS = 20, 10
"""States have a limit of their own: so many at once, and in so many seconds."""


class ReadingLimit(TokenBucket):
    """A token bucket; `held` are the newest payloads beyond it, one for each channel.

    They are released as soon as there is a token: while something is held, there is none.
    """

    __slots__ = ("held",)

    def __init__(self, rate: float, burst: float | None = None) -> None:
        super().__init__(rate, burst)
        self.held: dict[Channel, bytes] | None = None

    def hold(self, channel: Channel, payload: bytes) -> Reason | None:
        """Hold a payload; where it replaces an older one of its channel, that one is skipped."""
        held = self.held = self.held or {}
        replaced = channel in held
        # No longer payload is a value, and it is not worth its memory.
        held[channel] = payload[: LONGEST + 1]
        return Reason.LIMIT if replaced else None

    def due(self, steady: Steady) -> bool:
        """Refill it; whether what is held may be released: all of it at once, on credit."""
        if self.held is None:
            return False
        self.fill(steady)
        return self.left >= 1

    def release(self, receive: Receive, moment: Moment) -> Iterator[Reason]:
        """Receive what is held, which arrived until `moment`; the reasons of what is no sample."""
        held, self.held = self.held or {}, None
        left, done = self.left - len(held), 0
        self.left = float(len(held))
        try:
            for channel, payload in held.items():
                reason = receive(channel, payload, moment)
                done += 1
                if reason is not None:
                    yield reason
        finally:
            self.left = left
            yield from [Reason.BUG] * (len(held) - done)

    @property
    def waiting(self) -> int:
        """The number of payloads held."""
        return len(self.held) if self.held else 0


class ReadingLimits:
    """The limits of one charger: on its states, and on all other fields."""

    __slots__ = ("fields", "holding", "states")

    def __init__(self, readings_per_second: float) -> None:
        self.fields = ReadingLimit(readings_per_second)
        self.states = ReadingLimit(STATES / STATES_SECONDS, STATES)
        self.holding = False
        """Whether anything is held."""

    def states_at(self, steady: Steady) -> ReadingLimit:
        """The limit on states, refilled."""
        self.states.fill(steady)
        return self.states

    def hold(self, limit: ReadingLimit, channel: Channel, payload: bytes) -> Reason | None:
        """Hold a payload at one of the limits, as `ReadingLimit.hold`."""
        self.holding = True
        return limit.hold(channel, payload)

    def release(self, receive: Receive, moment: Moment | None, steady: Steady) -> Iterator[Reason]:
        """Receive what is held and due at this steady time, as `ReadingLimit.release`; without a
        moment nothing arrived yet."""
        if moment is None:
            return
        for limit in (self.fields, self.states):
            if limit.due(steady):
                yield from limit.release(receive, moment)
        self.holding = self.fields.held is not None or self.states.held is not None

    @property
    def waiting(self) -> int:
        """The number of payloads held."""
        return self.fields.waiting + self.states.waiting if self.holding else 0
