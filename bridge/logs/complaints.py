"""The same complaint about the same one is told at most once a minute, with a count."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

Key = tuple[str, object]
"""What is complained of, and the charger, store or other it is about."""


MANY = frozenset({"charger", "topic"})
"""Of these there may be thousands, and some go on for months: a wired charger tells a Wi-Fi
level that is none with every document."""
OFTEN = 10
"""So many lines in a row about one of them are told each minute, later ones each hour."""
HOURLY = 60


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
    many: bool = False
    lines: int = 1
    """In a row, without a quiet minute."""


@dataclass(frozen=True, slots=True)
class _End:
    """What is told when complaints are over."""

    key: Key
    ends: Sequence[Key]
    fields: Mapping[str, object]


class RepeatedLog:
    """Tells the first at once, holds the next back for `every` seconds, then tells how many.

    What goes on and on is told less often where there may be many such. `repeated` counts what
    was held back since the last line. At most `most` complaints are remembered; one that must
    make room is told first. Any thread may complain.
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
        self._ending: dict[Key, _End] = {}
        """Held back, and forgotten when what it ends begins again."""
        self._lock = Lock()

    def report(
        self, event: str, *, about: str = "charger", level: str = "warning", **fields: object
    ) -> None:
        """Tell it now, or hold it back and count it; `about` names the field that says of whom."""
        key, now = (event, fields.get(about)), self._clock()
        rank = logging.getLevelNamesMapping()[level.upper()]
        due: list[tuple[Key, _Told]] = []
        with self._lock:
            for end in [end for end in self._ending.values() if key in end.ends]:
                del self._ending[end.key]
            told = self._told.get(key)
            if told and not self._due(told, now):
                told.level, told.fields = rank, fields
                told.repeated += 1
            else:
                held, lines = (told.repeated, told.lines + 1) if told else (0, 1)
                due.append((key, _Told(now, rank, fields, held)))
                self._told[key] = _Told(now, rank, fields, many=about in MANY, lines=lines)
            self._told.move_to_end(key)
            due = self._make_room() + due
        self._tell(due)

    def resolved(self, event: str, *, ends: Sequence[str], about: str, **fields: object) -> None:
        """Tell that complaints ended, after all that was held back of them.

        They are told at once when they come again. What ends several times within a minute is
        told once more at its end, if it is over then.
        """
        whom = fields.get(about)
        end = _End((event, whom), [(each, whom) for each in ends], fields)
        with self._lock:
            told = self._told.get(end.key)
            if told and self._clock() - told.at < self._every:
                self._ending[end.key] = end
                return
            due = self._end(end)
        self._tell(due)

    def sweep(self) -> None:
        """Tell how many were held back in each minute that has passed; forget the quiet ones."""
        now = self._clock()
        with self._lock:
            over = [(key, told) for key, told in self._told.items() if self._due(told, now)]
            due = [(key, told) for key, told in over if told.repeated]
            for key, told in over:
                if told.repeated:
                    self._told[key] = replace(told, at=now, repeated=0, lines=told.lines + 1)
                else:
                    del self._told[key]
            for end in [end for key, end in self._ending.items() if key not in self._told]:
                due += self._end(end)
        self._tell(due)

    def _due(self, told: _Told, now: float) -> bool:
        rarely = told.many and told.lines >= OFTEN
        return now - told.at >= self._every * (HOURLY if rarely else 1)

    def _end(self, end: _End) -> list[tuple[Key, _Told]]:
        """What is to be told: the lock is held."""
        self._ending.pop(end.key, None)
        ended = [(key, self._told.pop(key)) for key in end.ends if key in self._told]
        self._told[end.key] = told = _Told(self._clock(), logging.INFO, end.fields)
        return [(key, each) for key, each in ended if each.repeated] + [(end.key, told)]

    def _make_room(self) -> list[tuple[Key, _Told]]:
        gone = []
        while len(self._told) > self._most:
            gone.append(self._told.popitem(last=False))
        return [(key, told) for key, told in gone if told.repeated]

    def _tell(self, due: list[tuple[Key, _Told]]) -> None:
        for (event, _), told in due:
            fields = {name: value for name, value in told.fields.items() if value is not None}
            if told.repeated:
                fields["repeated"] = told.repeated
            self._log.log(told.level, event, **fields)
