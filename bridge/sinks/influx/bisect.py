"""Finds the lines of a batch that a store refuses, by sending smaller and smaller pieces."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from bridge.core.errors import SinkRefused, SinkTooLarge
from bridge.core.output.batch import RefusedLine


async def write_all(
    lines: Sequence[bytes],
    readings: Sequence[int],
    write: Callable[[list[bytes]], Awaitable[None]],
) -> list[RefusedLine]:
    """Write the lines; returns those that the store refused, each with its readings.

    `write` raises SinkTooLarge or SinkRefused.
    """
    bisect = Bisect(lines, readings)
    while piece := bisect.next():
        try:
            await write(piece)
        except SinkTooLarge as error:
            bisect.too_large(str(error))
        except SinkRefused as error:
            bisect.refused(error)
    return bisect.refusals()


class Bisect:
    """Returns pieces to send until each line is known to be stored or refused.

    A piece may be sent again: points are idempotent, a repeated one changes nothing.
    """

    def __init__(self, lines: Sequence[bytes], readings: Sequence[int]) -> None:
        self._lines = lines
        self._readings = readings
        self._to_send: list[Sequence[int]] = [range(len(lines))]
        self._piece: Sequence[int] = ()
        self._reasons: dict[int, str] = {}

    def next(self) -> list[bytes]:
        """The lines to send now; empty when all is known."""
        self._piece = self._to_send.pop() if self._to_send else ()
        return [self._lines[number] for number in self._piece]

    def too_large(self, why: str) -> None:
        """The store does not accept a body of this size."""
        self._split(why)

    def refused(self, error: SinkRefused) -> None:
        """Some lines of the piece are bad."""
        size, why = len(self._piece), str(error)
        bad = {number: reason for number, reason in error.bad.items() if 0 <= number < size}
        if error.partial and error.dropped == size:
            self._refuse((number, bad.get(number, why)) for number in range(size))
        elif bad:
            self._refuse(bad.items())
            if not self._named_all(error, len(bad)):
                self._send([each for number, each in enumerate(self._piece) if number not in bad])
        else:
            self._split(why)

    def refusals(self) -> list[RefusedLine]:
        """Every refused line once, in the batch's order."""
        return [
            RefusedLine(self._lines[number], reason, self._readings[number])
            for number, reason in sorted(self._reasons.items())
        ]

    @staticmethod
    def _named_all(error: SinkRefused, named: int) -> bool:
        """Whether the lines that are not named are stored."""
        return error.partial and (error.dropped or 0) <= named

    def _refuse(self, bad: Iterable[tuple[int, str]]) -> None:
        for number, reason in bad:
            self._reasons[self._piece[number]] = reason

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
