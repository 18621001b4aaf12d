"""The labels file: charger id → alias, site; read again when it changes."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISREG

from bridge.core.labels import UNLABELLED, Labels
from bridge.core.model import ChargerId
from bridge.settings import names, parse
from bridge.settings.parse import InvalidValue, quoted
from bridge.settings.sources import not_toml

MAX_CHARGERS = 100_000
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_LABEL = 128
MAX_PROBLEMS = 10
_NAMES = ("alias", "site")
_REMEDY = 'write [CHARGER] with alias and site below it; an id with : or . is quoted: ["a:b"]'

FileVersion = tuple[int, ...] | str
"""Changes whenever the file does; text where it cannot be read."""
LabelsById = Mapping[ChargerId, Labels]


def read_labels(file: Path) -> tuple[LabelsById, list[InvalidValue]]:
    """All labels, and the file's problems. Blocks while reading and parsing."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return {}, [_unreadable(file, error.strerror or "not readable")]
    if len(raw) > MAX_FILE_BYTES:
        wrong = f"{file} is over {MAX_FILE_BYTES // 1024**2} MiB"
        return {}, [InvalidValue(wrong, "use a file that contains only chargers' labels")]
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
        self._path = path
        self._last_version: FileVersion = ()
        self._loaded_version: FileVersion = ()
        self._labels: LabelsById = {}

    def of(self, charger: ChargerId) -> Labels:
        return self._labels.get(charger, UNLABELLED)

    def load(self) -> list[InvalidValue]:
        """Read the file; returns its problems. Blocks."""
        if self._path is None:
            return []
        self._last_version = self._loaded_version = _file_version(self._path)
        return self._parse(self._path)

    def refresh(self) -> list[InvalidValue] | None:
        """Read the file if it changed; returns its problems, or None for no change. Blocks.

        A change is only accepted when seen twice: it may be incomplete at first.
        """
        if self._path is None:
            return None
        version, last = _file_version(self._path), self._last_version
        self._last_version = version
        if version != last or version == self._loaded_version:
            return None
        self._loaded_version = version
        if isinstance(version, str):
            return [_unreadable(self._path, version)]
        return self._parse(self._path)

    def _parse(self, path: Path) -> list[InvalidValue]:
        found, wrong = read_labels(path)
        if not wrong:
            self._labels = found
        return wrong


def _file_version(path: Path) -> FileVersion:
    try:
        found = path.stat()
    except OSError as error:
        return error.strerror or "not readable"
    # Reading a pipe would wait for its writer.
    if not S_ISREG(found.st_mode):
        return "not a file"
    return found.st_ino, found.st_dev, found.st_mtime_ns, found.st_ctime_ns, found.st_size
