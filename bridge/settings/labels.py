"""The labels file: charger id → alias, site; read again when it changes."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId
from bridge.runtime.watched_file import TooLarge, WatchedFile
from bridge.settings import names, parse
from bridge.settings.parse import InvalidValue, quoted
from bridge.settings.sources import not_toml

MAX_CHARGERS = 100_000
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_LABEL = 128
MAX_PROBLEMS = 10
_NAMES = ("alias", "site")
_REMEDY = 'write [CHARGER] with alias and site below it; an id with : or . is quoted: ["a:b"]'

LabelsById = Mapping[ChargerId, Labels]


def read_labels(file: Path) -> tuple[LabelsById, list[InvalidValue]]:
    """All labels, and what is wrong with the file. Blocks for a disk read and its parsing."""
    return _read(WatchedFile(file, longest=MAX_FILE_BYTES))


def _read(watched: WatchedFile) -> tuple[LabelsById, list[InvalidValue]]:
    file = watched.path
    try:
        raw = watched.read()
    except TooLarge:
        wrong = f"{file} is over {MAX_FILE_BYTES // 1024**2} MiB"
        return {}, [InvalidValue(wrong, "use a file that contains only chargers' labels")]
    except OSError as error:
        return {}, [_unreadable(file, error.strerror or "not readable")]
    try:
        tables = tomllib.loads(raw.decode())
    except UnicodeDecodeError:
        return {}, [_unreadable(file, "not UTF-8")]
    except (ValueError, RecursionError) as error:
        return {}, [InvalidValue(not_toml(file, error), _REMEDY)]
    return _labels(tables)


def _unreadable(file: Path, why: str) -> InvalidValue:
    return InvalidValue(
        f"{file} cannot be read: {why.lower()}", "use a file that the bridge may read"
    )


def _labels(tables: Mapping[str, object]) -> tuple[LabelsById, list[InvalidValue]]:
    found: dict[ChargerId, Labels] = {}
    wrong: list[InvalidValue] = []
    if len(tables) > MAX_CHARGERS:
        wrong.append(InvalidValue(f"it contains more than {MAX_CHARGERS} chargers", "use fewer"))
    for name, table in tables.items():
        try:
            found[names.charger_id(name)] = _entry(name, table)
        except InvalidValue as error:
            wrong.append(error)
        if len(wrong) >= MAX_PROBLEMS:
            break
    return found, wrong


def _entry(name: str, table: object) -> Labels:
    if not isinstance(table, dict):
        raise InvalidValue(f"{quoted(name)} is not a table", _REMEDY)
    for member in sorted(table.keys() - set(_NAMES)):
        raise InvalidValue(f"{quoted(name)} has no member {quoted(member)}", _REMEDY)
    return Labels(**dict(_members(name, table)))


def _members(name: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for member, value in table.items():
        try:
            yield member, _label(value)
        except InvalidValue as error:
            raise InvalidValue(
                f"{member} of {quoted(name)}: {error.problem}", error.remedy
            ) from None


def _label(value: object) -> str:
    label = parse.text(value).strip()
    if len(label) > MAX_LABEL:
        raise InvalidValue(f"it is over {MAX_LABEL} characters", "write a shorter one")
    if not label.isprintable():
        raise InvalidValue(
            "it contains a control character", "write it on one line, without such characters"
        )
    return label


class LabelsFile:
    """The newest labels; while the file is missing or invalid, the last ones stay valid."""

    def __init__(self, path: Path | None) -> None:
        self._file = (
            None if path is None else WatchedFile(path, longest=MAX_FILE_BYTES, patient=True)
        )
        self._labels: LabelsById = {}

    def of(self, charger: ChargerId) -> Labels:
        return self._labels.get(charger, UNLABELLED)

    def names(self, charger: ChargerId) -> bool:
        return charger in self._labels

    def load(self) -> list[InvalidValue]:
        """Read the file as it is now; returns what is wrong with it. Blocks."""
        return [] if self._file is None else self._take_over(self._file)

    def refresh(self) -> list[InvalidValue] | None:
        """Read the file if it changed; what is wrong with it, or None for no change. Blocks."""
        if self._file is None or not self._file.changed():
            return None
        return self._take_over(self._file)

    def _take_over(self, file: WatchedFile) -> list[InvalidValue]:
        found, wrong = _read(file)
        if not wrong:
            self._labels = found
        return wrong
