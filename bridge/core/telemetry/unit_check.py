"""Whether currents come in the unit that the dialect says: amperes or milliamperes.

While a charger charges, a current up to 1.5 times the pilot fits amperes, one of 50 times
the pilot or more fits milliamperes. The unit is never switched, only suspected.
"""

from dataclasses import dataclass

BELIEF = 3


@dataclass(slots=True)
class UnitCheck:
    """Three samples in a row that contradict the dialect raise the suspicion."""

    milliamperes: bool
    suspect: bool = False
    _contradictions: int = 0
    _agreements: int = 0

    def observe(self, amperes: float, pilot: float) -> bool:
        """Look at a current of a charging charger; True when the suspicion changed."""
        raw = amperes * 1000 if self.milliamperes else amperes
        fits_amperes = 1 <= raw <= 1.5 * pilot
        fits_milliamperes = raw >= 50 * pilot
        if fits_amperes == fits_milliamperes:
            return False
        wrong = fits_amperes if self.milliamperes else fits_milliamperes
        self._contradictions = self._contradictions + 1 if wrong else 0
        self._agreements = 0 if wrong else self._agreements + 1
        before = self.suspect
        if self._contradictions >= BELIEF:
            self.suspect = True
        elif self._agreements >= BELIEF:
            self.suspect = False
        return self.suspect != before
