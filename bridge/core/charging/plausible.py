"""Whether a session's energy, duration and peaks fit each other, and what of them fits.

A charger gives at most 80 A on three phases. One ammeter may stand for three phases, and
samples may miss the peak: only energy beyond what the hardware can give is cut, energy beyond
four times the highest sample is flagged alone.
"""

from dataclasses import dataclass

MOST_WATTS = 80.0 * 3 * 240
ALLOWANCE_WH = 500.0
"""What totals that lag, or are rounded, can add."""
PEAK_FACTOR = 4.0
UNSAMPLED_SECONDS = 60.0
"""Time without a sample of the current, at the begin and the end of a session."""
METER_ROUNDING_WH, METER_ROUNDING = 2.0, 0.001
"""How far the session's meter and the total differ by rounding."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a session can have taken: `possible_s` is the time within which its energy was
    delivered, None where it is unknown; `charging_s` that in which it is likely to have been."""

    possible_s: float | None
    charging_s: float
    peak_w: float

    def fits(self, wh: float) -> bool:
        """Whether the hardware can have delivered so much."""
        if self.possible_s is None:
            return True
        return wh <= ALLOWANCE_WH + MOST_WATTS * self.possible_s / 3600

    def explained(self, wh: float) -> bool:
        """Whether the highest sample of the power explains so much."""
        if self.possible_s is None or not self.peak_w:
            return True
        sampled = PEAK_FACTOR * self.peak_w * self.possible_s
        return wh <= (sampled + MOST_WATTS * UNSAMPLED_SECONDS) / 3600

    def cut(self, wh: float) -> float:
        """What of it fits."""
        watts = min(self.peak_w or MOST_WATTS, MOST_WATTS)
        return min(wh, watts * self.charging_s / 3600)


def believable_energy(grown: float, metered: float, limits: Limits) -> tuple[float, bool]:
    """A session's energy in Wh, and whether it is doubtful.

    `grown` is the rise of the charger's total, negative where that has not yet risen by what
    earlier sessions took: no meter adds to that. `metered`: by the session's own meter, which
    counts where the total lags.
    """
    if grown < 0:
        return 0.0, metered > METER_ROUNDING_WH
    lags = metered > grown * (1 + METER_ROUNDING) + METER_ROUNDING_WH
    if lags and limits.fits(metered):
        return metered, not limits.explained(metered)
    if grown and limits.fits(grown):
        return grown, not limits.explained(grown)
    if 0 < metered < grown and limits.fits(metered):
        return metered, True
    most = max(grown, metered)
    return limits.cut(most), most > 0


def believable_power(amperes: float, watts: float) -> tuple[float, bool]:
    """A session's highest power, and whether it is doubtful: no charger has more."""
    highest = min(MOST_WATTS, amperes * 3 * 300 if amperes else MOST_WATTS)
    return min(watts, highest), watts > highest
