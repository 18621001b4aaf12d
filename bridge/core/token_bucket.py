"""The rate limit of one charger's readings: a flood from one must not drown the others."""

from bridge.core.clock import Steady


class TokenBucket:
    """Refilled at `rate` tokens per second up to `burst`, by default two seconds' worth, so
    that two documents at once are no flood; `left` is the number of tokens."""

    __slots__ = ("_filled", "_most", "_rate", "left")

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self._rate = rate
        self._most = self.left = 2 * rate if burst is None else burst
        self._filled = 0.0

    def fill(self, steady: Steady) -> None:
        """Refill it up to this steady time."""
        if steady > self._filled:
            self.left = min(self._most, self.left + self._rate * (steady - self._filled))
            self._filled = steady

    def acquire(self, steady: Steady) -> bool:
        """Use up one token; False where there is none at this steady time."""
        self.fill(steady)
        if self.left < 1:
            return False
        self.left -= 1
        return True
