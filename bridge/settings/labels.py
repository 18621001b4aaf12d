"""The labels file: charger id → alias, site; read again when it changes."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISREG

from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId
from bridge.settings import parse, words
from bridge.settings.parse import Wrong, quoted
from bridge.settings.sources import not_toml

MOST_CHARGERS = 100_000
LONGEST_FILE = 16 * 1024 * 1024
LONGEST_LABEL = 128
MOST_TOLD = 10
_NAMES = ("alias", "site")
_REMEDY = 'write [CHARGER] with alias and site below it; an id with : or . is quoted: ["a:b"]'

Seen = tuple[int, ...] | str
"""What changes with a file, or why it cannot be looked at."""
Found = Mapping[ChargerId, Labels]


def read_labels(file: Path) -> tuple[Found, list[Wrong]]:
    """All labels, and what is wrong with the file. Blocks for a disk read and its parsing."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LONGEST_FILE + 1)
    except OSError as error:
        return {}, [_unreadable(file, error.strerror or "not readable")]
    if len(raw) > LONGEST_FILE:
        wrong = f"{file} is over {LONGEST_FILE // 1024**2} MiB"
        return {}, [Wrong(wrong, "name a file that holds chargers' labels alone")]
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
    said = parse.text(value).strip()
    if len(said) > LONGEST_LABEL:
        raise Wrong(f"it is over {LONGEST_LABEL} characters", "write a shorter one")
    if not said.isprintable():
        raise Wrong("it holds a control character", "write it on one line, without such characters")
    return said


class LabelsFile:
    """The newest labels; a file that is away or spoiled leaves the last ones standing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: Seen = ()
        self._read: Seen = ()
        self._labels: Found = {}

    def of(self, charger: ChargerId) -> Labels:
        return self._labels.get(charger, UNLABELLED)

    def load(self) -> list[Wrong]:
        """Read the file as it is now; what is wrong with it. Blocks."""
        if self._path is None:
            return []
        self._seen = self._read = _look(self._path)
        return self._take(self._path)

    def refresh(self) -> list[Wrong] | None:
        """Read the file if it changed; what is wrong with it, or None for no change. Blocks.

        A change counts once it is seen twice: the file may be written just now.
        """
        if self._path is None:
            return None
        seen, last = _look(self._path), self._seen
        self._seen = seen
        if seen != last or seen == self._read:
            return None
        self._read = seen
        if isinstance(seen, str):
            return [_unreadable(self._path, seen)]
        return self._take(self._path)

    def _take(self, path: Path) -> list[Wrong]:
        found, wrong = read_labels(path)
        if not wrong:
            self._labels = found
        return wrong


def _look(path: Path) -> Seen:
    try:
        found = path.stat()
    except OSError as error:
        return error.strerror or "not readable"
    # Reading a pipe would wait for its writer.
    if not S_ISREG(found.st_mode):
        return "not a file"
    return found.st_ino, found.st_dev, found.st_mtime_ns, found.st_ctime_ns, found.st_size
