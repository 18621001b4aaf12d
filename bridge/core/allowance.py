"""How many readings one charger may send: a flood from one must not drown the others."""


class Allowance:
    """A bucket that fills with `rate` readings a second and holds two seconds' worth, so
    that two documents at once are no flood."""

    __slots__ = ("_filled", "_left", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = 2 * rate
        self._filled = 0.0

    def take(self, steady: float) -> bool:
        """Whether one more reading may come in at this steady time."""
        if steady > self._filled:
            self._left = min(2 * self._rate, self._left + self._rate * (steady - self._filled))
            self._filled = steady
        if self._left < 1:
            return False
        self._left -= 1
        return True
