"""The lines of a batch as they are sent: without the columns that the store does not accept."""

from collections.abc import Iterable, Mapping, Sequence

from bridge.core.errors import TypeConflict
from bridge.core.output.batch import RefusedLine
from bridge.core.output.columns import readings_in, split_line


class ReducedLines:
    """Every line of the batch by number, and what the store refused of it."""

    def __init__(self, lines: Sequence[bytes], readings: Sequence[int]) -> None:
        self._lines = lines
        self._readings = readings
        self._sent = list(lines)
        self._columns: dict[int, dict[str, str]] = {}
        """The reason for each refused column, by line."""
        self._whole: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def reduced(self) -> bool:
        """Whether a line lacks some columns."""
        return bool(self._columns)

    def sent(self, number: int) -> bytes:
        """The line as it is to be sent."""
        return self._sent[number]

    def having(self, conflict: TypeConflict, numbers: Iterable[int]) -> list[int]:
        """Those of the lines that have the column, and are still to be sent."""
        wanted = f"{conflict.column}=".encode()
        return [
            number
            for number in numbers
            if wanted in self._sent[number] and number not in self._whole
            if self._has(number, conflict)
        ]

    def refuse(self, number: int, reason: str) -> None:
        """The store refused the line."""
        self._whole[number] = reason

    def refuse_column(self, number: int, column: str, reason: str) -> bool:
        """Leave out a column; False where nothing else is left, so that the line is refused."""
        split = split_line(self._sent[number])
        rest = {name: text for name, text in split.columns.items() if name != column}
        if not rest:
            self.refuse(number, reason)
            return False
        self._sent[number] = split.join(rest)
        self._columns.setdefault(number, {})[column] = reason
        return True

    def refuse_columns(self, conflicts: Mapping[TypeConflict, str]) -> list[int]:
        """Leave these columns out of all lines; returns the lines that are still to be sent."""
        numbers = range(len(self._lines))
        for conflict, reason in conflicts.items():
            for number in self.having(conflict, numbers):
                self.refuse_column(number, conflict.column, reason)
        return [number for number in numbers if number not in self._whole]

    def refusals(self) -> list[RefusedLine]:
        """Every refused line or column once, in the batch's order."""
        found: list[RefusedLine] = []
        for number in sorted(self._whole.keys() | self._columns.keys()):
            if (reason := self._whole.get(number)) is not None:
                found.append(RefusedLine(self._lines[number], reason, self._readings[number]))
            else:
                found += self._refused_columns(number)
        return found

    def _refused_columns(self, number: int) -> Iterable[RefusedLine]:
        split, readings = split_line(self._lines[number]), self._readings[number]
        for column, reason in self._columns[number].items():
            line = split.join({column: split.columns[column]})
            count = readings_in(column, split, readings)
            yield RefusedLine(line, reason, count, column_alone=True)

    def _has(self, number: int, conflict: TypeConflict) -> bool:
        split = split_line(self._sent[number])
        of_measurement = conflict.measurement in ("", split.measurement)
        return of_measurement and conflict.column in split.columns
