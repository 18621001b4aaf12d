"""Numbers as a person reads them, by Grafana's id of their unit."""

_SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_PLAIN = {
    "dBm": " dBm", "amp": " A", "volt": " V", "celsius": " °C", "cps": "/s", "reqps": " req/s",
}  # fmt: skip
_SCALED = {"watt": " W", "watth": " Wh", "bytes": " B"}
_TIMES = ((86_400, "d"), (3600, "h"), (60, "min"))


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """The number with its unit."""
    if unit in _SCALED:
        return _scaled(value, _SCALED[unit])
    if unit == "s":
        return _time(value)
    if unit == "percentunit":
        return f"{_plain(100 * value, 1)} %"
    return _plain(value, decimals) + _PLAIN.get(unit, "")


def _scaled(value: float, unit: str) -> str:
    for size, letter in _SCALES:
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}{unit.strip()}"
    return f"{value:.3g}{unit}"


def _time(seconds: float) -> str:
    for size, word in _TIMES:
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {word}"
    if 0 < abs(seconds) < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s"


def _plain(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}".removesuffix(".0")
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"
