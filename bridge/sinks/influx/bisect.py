"""Finds the lines of a batch that a store refuses, by sending smaller and smaller pieces."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from bridge.core.errors import SinkRefused, SinkTooLarge, TypeConflict
from bridge.core.output.batch import RefusedLine
from bridge.sinks.influx.reduced_lines import ReducedLines

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """What a store refused of a batch, and the columns that it has as another type."""

    refusals: list[RefusedLine]
    conflicts: Mapping[TypeConflict, str]

    @property
    def points_refused(self) -> int:
        """The lines of which nothing was stored."""
        return sum(not refusal.column_alone for refusal in self.refusals)


async def write_all(
    lines: Sequence[bytes],
    readings: Sequence[int],
    write: Callable[[list[bytes]], Awaitable[None]],
    withheld: Mapping[TypeConflict, str],
) -> Written:
    """Write the lines without the `withheld` columns; returns what was not stored.

    `write` raises SinkTooLarge or SinkRefused.
    """
    bisect = Bisect(ReducedLines(lines, readings))
    if withheld:
        await _in_thread(bisect.leave_out, withheld)
    while piece := bisect.next():
        try:
            await write(piece)
        except SinkTooLarge as error:
            bisect.too_large(str(error))
        except SinkRefused as error:
            if error.conflicts:
                await _in_thread(bisect.refused, error)
            else:
                bisect.refused(error)
    return await _in_thread(bisect.written) if bisect.reduced else bisect.written()


async def _in_thread(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Off the event loop: to take columns out of thousands of lines is a tenth of a second."""
    return await asyncio.to_thread(work, *args, **more)


class Bisect:
    """Returns pieces to send until each line is known to be stored or refused.

    A piece may be sent again: points are idempotent, a repeated one changes nothing.
    """

    def __init__(self, lines: ReducedLines) -> None:
        self._lines = lines
        self._to_send: list[Sequence[int]] = [range(len(lines))]
        self._piece: Sequence[int] = ()
        self._conflicts: dict[TypeConflict, str] = {}

    def leave_out(self, withheld: Mapping[TypeConflict, str]) -> None:
        """Send no line with these columns, from the first piece on."""
        self._to_send = [self._lines.refuse_columns(withheld)]

    @property
    def reduced(self) -> bool:
        """Whether lines are sent without some columns."""
        return self._lines.reduced

    def next(self) -> list[bytes]:
        """The lines to send now; empty when all is known."""
        self._piece = self._to_send.pop() if self._to_send else ()
        return [self._lines.sent(number) for number in self._piece]

    def too_large(self, why: str) -> None:
        """The store does not accept a body of this size."""
        self._split(why)

    def refused(self, error: SinkRefused) -> None:
        """Some lines of the piece are bad."""
        size, why = len(self._piece), str(error)
        bad = {number: reason for number, reason in error.bad.items() if 0 <= number < size}
        if self._leave_out_columns(error):
            return
        if error.partial and error.dropped == size and not error.first_only:
            self._refuse((number, bad.get(number, why)) for number in range(size))
        elif bad:
            self._refuse(bad.items())
            if not self._named_all(error, len(bad)):
                self._send([each for number, each in enumerate(self._piece) if number not in bad])
        else:
            self._split(why)

    def written(self) -> Written:
        """What was not stored, once `next` has no more."""
        return Written(self._lines.refusals(), self._conflicts)

    def _leave_out_columns(self, error: SinkRefused) -> bool:
        """Send the piece again without the columns that have another type in the store.

        False where none of its lines has one. 1.8 and 2.x have types for each week or so, and
        where fewer lines were dropped than have the column, smaller pieces show which.
        """
        having = {each: self._lines.having(each, self._piece) for each in error.conflicts}
        affected = {number for numbers in having.values() for number in numbers}
        if not affected:
            return False
        if error.dropped is not None and error.dropped < len(affected) and len(self._piece) > 1:
            self._split(str(error))
            return True
        gone: set[int] = set()
        for conflict, numbers in having.items():
            self._conflicts[conflict] = reason = error.conflicts[conflict]
            left = [self._lines.refuse_column(each, conflict.column, reason) for each in numbers]
            gone.update(each for each, some in zip(numbers, left, strict=True) if not some)
        self._send([number for number in self._piece if number not in gone])
        return True

    @staticmethod
    def _named_all(error: SinkRefused, named: int) -> bool:
        """Whether the lines that are not named are stored."""
        return error.partial and (error.dropped or 0) <= named

    def _refuse(self, bad: Iterable[tuple[int, str]]) -> None:
        for number, reason in bad:
            self._lines.refuse(self._piece[number], reason)

    def _split(self, why: str) -> None:
        middle = len(self._piece) // 2
        if not middle:
            self._refuse([(0, why)])
            return
        self._send(self._piece[middle:])
        self._send(self._piece[:middle])

    def _send(self, piece: Sequence[int]) -> None:
        if piece:
            self._to_send.append(piece)
