"""Round numbers at which an axis has its lines."""

from math import ceil, floor, log10

MOST = 5
_STEPS = (1, 2, 2.5, 5, 10)


def ticks(low: float, high: float, *, lowest: bool, highest: bool) -> tuple[float, ...]:
    """From below the lowest value to above the highest; to the very values where they are edges."""
    span = high - low if high > low else max(abs(low), 1.0)
    size = 10.0 ** floor(log10(span / MOST))
    step = next(size * each for each in _STEPS if size * each * MOST >= span * (1 - 1e-9))
    first = low if lowest else floor(low / step + 1e-9) * step
    last = (
        high if highest and high > low else first + ceil((low + span - first) / step - 1e-9) * step
    )
    count = floor((last - first) / step + 1e-9)
    found = [first + step * number for number in range(count + 1)]
    return (*found, last) if last - found[-1] > step / 2 else tuple(found)
