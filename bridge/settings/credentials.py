"""The credentials file: charger id → username, password, allow; read again when it changes.

Error messages never repeat its content, except charger ids.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bridge.core.model import ChargerId
from bridge.core.polling.login import ChargerLogin, CredentialsEntry
from bridge.runtime.watched_file import WatchedFile
from bridge.settings import names, networks, parse
from bridge.settings.parse import InvalidValue

MAX_FILE_BYTES = 16 * 1024 * 1024
_NAMES = frozenset({"username", "password", "allow"})
_REMEDY = 'write [CHARGER] with username, password and allow = ["10.1.2.3"]'

Entries = Mapping[ChargerId, CredentialsEntry]


def read_credentials(raw: bytes) -> Entries:
    """All entries; raises InvalidValue for the first invalid one."""
    try:
        tables = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        # What the parser says of it may repeat a password.
        raise InvalidValue("it is not TOML", _REMEDY) from None
    return {names.charger_id(name): _entry(name, table) for name, table in tables.items()}


def read_file(path: Path) -> Entries:
    """The file's entries. Raises OSError or InvalidValue."""
    return read_credentials(WatchedFile(path, longest=MAX_FILE_BYTES).read())


def problem_of(error: OSError | InvalidValue) -> str:
    """What is wrong with the file, without any of its content."""
    if isinstance(error, InvalidValue):
        return error.problem
    return f"cannot be read: {error.strerror or 'unknown'}"


def _entry(name: str, table: object) -> CredentialsEntry:
    if not isinstance(table, dict):
        raise InvalidValue(f"{name} is not a table", _REMEDY)
    if table.keys() - _NAMES:
        raise InvalidValue(f"{name} has a member other than username, password and allow", _REMEDY)
    try:
        return CredentialsEntry(_login(table), networks.parse_networks(table.get("allow", [])))
    except InvalidValue as wrong:
        raise InvalidValue(f"{name}: {wrong.problem}", wrong.remedy) from None


def _login(table: Mapping[str, object]) -> ChargerLogin | None:
    if ("username" in table) != ("password" in table):
        raise InvalidValue("a username and a password belong together", _REMEDY)
    if "username" not in table:
        return None
    return ChargerLogin(names.basic_user(table["username"]), parse.text(table["password"]))


class CredentialsFile:
    """The newest entries; while the file is missing or invalid, the last ones stay valid."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else WatchedFile(path, longest=MAX_FILE_BYTES)
        self.entries: Entries = {}
        self.problem: str | None = None
        """Why the present file is not used; None without a problem."""
        self._unreported: str | None = None

    def refresh(self) -> bool:
        """Read the file if it changed; True where the entries did. Blocks for a disk read."""
        if self._file is None or not self._file.changed():
            return False
        try:
            fresh = read_credentials(self._file.read())
        except (OSError, InvalidValue) as error:
            self.problem = self._unreported = problem_of(error)
            return False
        self.problem = self._unreported = None
        changed, self.entries = fresh != self.entries, fresh
        return changed

    def new_problem(self) -> str | None:
        """The problem, once after each change of the file."""
        problem, self._unreported = self._unreported, None
        return problem
