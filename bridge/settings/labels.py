"""The labels file: charger id → alias, site; read again when it changes."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId
from bridge.runtime.watched_file import TooLarge, WatchedFile
from bridge.settings import parse, words
from bridge.settings.parse import Wrong, quoted
from bridge.settings.sources import not_toml

MOST_CHARGERS = 100_000
LONGEST_FILE = 16 * 1024 * 1024
LONGEST_LABEL = 128
MOST_TOLD = 10
_NAMES = ("alias", "site")
_REMEDY = 'write [CHARGER] with alias and site below it; an id with : or . is quoted: ["a:b"]'

Found = Mapping[ChargerId, Labels]


def read_labels(file: Path) -> tuple[Found, list[Wrong]]:
    """All labels, and what is wrong with the file. Blocks for a disk read and its parsing."""
    return _read(WatchedFile(file, longest=LONGEST_FILE))


def _read(watched: WatchedFile) -> tuple[Found, list[Wrong]]:
    file = watched.path
    try:
        raw = watched.read()
    except TooLarge:
        wrong = f"{file} is over {LONGEST_FILE // 1024**2} MiB"
        return {}, [Wrong(wrong, "name a file that holds chargers' labels alone")]
    except OSError as error:
        return {}, [_unreadable(file, error.strerror or "not readable")]
    try:
        tables = tomllib.loads(raw.decode())
    except UnicodeDecodeError:
        return {}, [_unreadable(file, "not UTF-8")]
    except (ValueError, RecursionError) as error:
        return {}, [Wrong(not_toml(file, error), _REMEDY)]
    return _labels(tables)


def _unreadable(file: Path, why: str) -> Wrong:
    return Wrong(f"{file} cannot be read: {why.lower()}", "name a file that the bridge may read")


def _labels(tables: Mapping[str, object]) -> tuple[Found, list[Wrong]]:
    found: dict[ChargerId, Labels] = {}
    wrong: list[Wrong] = []
    if len(tables) > MOST_CHARGERS:
        wrong.append(Wrong(f"it names over {MOST_CHARGERS} chargers", "name fewer"))
    for name, table in tables.items():
        try:
            found[words.charger_id(name)] = _entry(name, table)
        except Wrong as error:
            wrong.append(error)
        if len(wrong) >= MOST_TOLD:
            break
    return found, wrong


def _entry(name: str, table: object) -> Labels:
    if not isinstance(table, dict):
        raise Wrong(f"{quoted(name)} is not a table", _REMEDY)
    for member in sorted(table.keys() - set(_NAMES)):
        raise Wrong(f"{quoted(name)} has no member {quoted(member)}", _REMEDY)
    return Labels(**dict(_members(name, table)))


def _members(name: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for member, value in table.items():
        try:
            yield member, _label(value)
        except Wrong as error:
            raise Wrong(f"{member} of {quoted(name)}: {error.wrong}", error.remedy) from None


def _label(value: object) -> str:
    label = parse.text(value).strip()
    if len(label) > LONGEST_LABEL:
        raise Wrong(f"it is over {LONGEST_LABEL} characters", "write a shorter one")
    if not label.isprintable():
        raise Wrong("it holds a control character", "write it on one line, without such characters")
    return label


class LabelsFile:
    """The newest labels; a file that is gone or spoiled leaves the last ones standing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else WatchedFile(path, longest=LONGEST_FILE, patient=True)
        self._labels: Found = {}

    def of(self, charger: ChargerId) -> Labels:
        return self._labels.get(charger, UNLABELLED)

    def load(self) -> list[Wrong]:
        """Read the file as it is now; returns what is wrong with it. Blocks."""
        return [] if self._file is None else self._take_over(self._file)

    def refresh(self) -> list[Wrong] | None:
        """Read the file if it changed; what is wrong with it, or None for no change. Blocks."""
        if self._file is None or not self._file.changed():
            return None
        return self._take_over(self._file)

    def _take_over(self, file: WatchedFile) -> list[Wrong]:
        found, wrong = _read(file)
        if not wrong:
            self._labels = found
        return wrong
