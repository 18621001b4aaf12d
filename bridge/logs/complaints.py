"""The same complaint about the same charger is told at most once a minute, with a count."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

Key = tuple[str, str | None]
"""What is complained of, and the charger it is about."""


class Log(Protocol):
    """What complaints need of a logger."""

    def log(self, level: int, event: str, **fields: object) -> object:
        """Log one event."""


@dataclass(slots=True)
class _Told:
    """When a complaint was last told, and what was held back since."""

    at: float
    level: int
    fields: Mapping[str, object]
    repeated: int = 0


class Complaints:
    """Tells the first at once, holds the next back for `every` seconds, then tells how many.

    `repeated` counts what was held back since the last line. At most `most` complaints are
    remembered; one that must make room is told first. Any thread may complain.
    """

    def __init__(
        self,
        log: Log,
        *,
        clock: Callable[[], float] = time.monotonic,
        every: float = 60.0,
        most: int = 10_000,
    ) -> None:
        self._log = log
        self._clock = clock
        self._every = every
        self._most = most
        self._told: OrderedDict[Key, _Told] = OrderedDict()
        self._lock = Lock()

    def say(
        self, event: str, *, charger: str | None = None, level: str = "warning", **fields: object
    ) -> None:
        """Tell it now, or hold it back and count it."""
        key, now = (event, charger), self._clock()
        rank = logging.getLevelNamesMapping()[level.upper()]
        due: list[tuple[Key, _Told]] = []
        with self._lock:
            told = self._told.get(key)
            if told and now - told.at < self._every:
                told.level, told.fields = rank, fields
                told.repeated += 1
            else:
                due.append((key, _Told(now, rank, fields, told.repeated if told else 0)))
                self._told[key] = _Told(now, rank, fields)
            self._told.move_to_end(key)
            due = self._make_room() + due
        self._tell(due)

    def sweep(self) -> None:
        """Tell how many were held back in each minute that has passed; forget the quiet ones."""
        now = self._clock()
        with self._lock:
            over = [(key, told) for key, told in self._told.items() if now - told.at >= self._every]
            due = [(key, told) for key, told in over if told.repeated]
            for key, told in over:
                if told.repeated:
                    self._told[key] = _Told(now, told.level, told.fields)
                else:
                    del self._told[key]
        self._tell(due)

    def _make_room(self) -> list[tuple[Key, _Told]]:
        gone = []
        while len(self._told) > self._most:
            gone.append(self._told.popitem(last=False))
        return [(key, told) for key, told in gone if told.repeated]

    def _tell(self, due: list[tuple[Key, _Told]]) -> None:
        for (event, charger), told in due:
            fields = dict(told.fields)
            if charger is not None:
                fields["charger"] = charger
            if told.repeated:
                fields["repeated"] = told.repeated
            self._log.log(told.level, event, **fields)
