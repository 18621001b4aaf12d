"""How many request slots the regular polls need, and how much longer their periods must be."""

from bridge.core.polling.lanes import Lane, Lanes
from bridge.core.polling.timer import Mode, PollConfig, PollTimer

_USUAL_SECONDS, _WEIGHT = 0.3, 0.02
_FULL = 0.9


class PollDemand:
    """Counts the chargers that answer; those that are slow do not stretch the others' periods."""

    def __init__(self, config: PollConfig, lanes: Lanes) -> None:
        self._config = config
        self._lanes = lanes
        self._regular = {
            Lane.PROVEN: dict.fromkeys(Mode, 0),
            Lane.SLOW: dict.fromkeys(Mode, 0),
        }
        self._seconds = dict.fromkeys(self._regular, _USUAL_SECONDS)

    def count(self, timer: PollTimer, step: int) -> None:
        """Add or remove a charger; called before and after its timer changes."""
        if timer.proven:
            self._regular[timer.lane][timer.mode] += step

    def observe(self, lane: Lane, seconds: float) -> None:
        """A request of this lane took so long."""
        if lane in self._seconds:
            self._seconds[lane] += _WEIGHT * (max(0.0, seconds) - self._seconds[lane])

    def stretch(self, lane: Lane = Lane.PROVEN) -> float:
        """The factor by which periods are longer than configured, at least 1: the slots that a
        lane's regular polls need, by those that other lanes leave it."""
        if lane is Lane.SLOW:
            return max(1.0, self._slots(Lane.SLOW) / (_FULL * self._lanes.most[Lane.SLOW]))
        slow = min(self._lanes.most[Lane.SLOW], self._slots(Lane.SLOW))
        left = max(1.0, self._lanes.most[Lane.PROVEN] - self._lanes.most[Lane.DARK] - slow)
        return max(1.0, self._slots(Lane.PROVEN) / (_FULL * left))

    def _slots(self, lane: Lane) -> float:
        per_second = sum(
            self._regular[lane][mode] / self._config.period(mode)
            for mode in (Mode.ENRICH, Mode.FALLBACK)
        )
        return per_second * self._seconds[lane]
