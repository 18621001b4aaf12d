"""How many readings one charger may send: a flood from one must not drown the others."""


class Allowance:
    """A bucket that fills at `rate` a second and holds `burst`, or else two seconds' worth,
    so that two documents at once are no flood."""

    __slots__ = ("_filled", "_left", "_most", "_rate")

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self._rate = rate
        self._most = self._left = 2 * rate if burst is None else burst
        self._filled = 0.0

    def take(self, steady: float) -> bool:
        """Whether one more reading may come in at this steady time."""
        if steady > self._filled:
            self._left = min(self._most, self._left + self._rate * (steady - self._filled))
            self._filled = steady
        if self._left < 1:
            return False
        self._left -= 1
        return True
