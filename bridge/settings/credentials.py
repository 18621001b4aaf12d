"""The credentials file: charger id → username, password, allow; read again when it changes.

No message ever repeats what stands in it, ids excepted.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bridge.core.model import ChargerId
from bridge.core.polling.login import ChargerLogin, CredentialsEntry
from bridge.runtime.watched_file import WatchedFile
from bridge.settings import networks, parse, words
from bridge.settings.parse import Wrong

LONGEST_FILE = 16 * 1024 * 1024
_NAMES = frozenset({"username", "password", "allow"})
_REMEDY = 'write [CHARGER] with username, password and allow = ["10.1.2.3"]'

Entries = Mapping[ChargerId, CredentialsEntry]


def read_credentials(raw: bytes) -> Entries:
    """All entries; raises Wrong for the first that cannot be used."""
    try:
        tables = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        # What the parser says of it may repeat a password.
        raise Wrong("it is not TOML", _REMEDY) from None
    return {words.charger_id(name): _entry(name, table) for name, table in tables.items()}


def _entry(name: str, table: object) -> CredentialsEntry:
    if not isinstance(table, dict):
        raise Wrong(f"{name} is not a table", _REMEDY)
    if table.keys() - _NAMES:
        raise Wrong(f"{name} has a member other than username, password and allow", _REMEDY)
    try:
        return CredentialsEntry(_login(table), networks.networks(table.get("allow", [])))
    except Wrong as wrong:
        raise Wrong(f"{name}: {wrong.wrong}", wrong.remedy) from None


def _login(table: Mapping[str, object]) -> ChargerLogin | None:
    if ("username" in table) != ("password" in table):
        raise Wrong("a username and a password belong together", _REMEDY)
    if "username" not in table:
        return None
    return ChargerLogin(words.basic_user(table["username"]), parse.text(table["password"]))


class CredentialsFile:
    """The newest entries; a file that is gone or spoiled leaves the last ones standing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else WatchedFile(path, longest=LONGEST_FILE)
        self.entries: Entries = {}
        self.problem: str | None = None
        """Why the file as it is now is not used; None while all is well."""

    def refresh(self) -> bool:
        """Read the file if it changed; True where the entries did. Blocks for a disk read."""
        if self._file is None or not self._file.changed():
            return False
        try:
            fresh = read_credentials(self._file.read())
        except OSError as error:
            self.problem = f"cannot be read: {error.strerror or 'unknown'}"
            return False
        except Wrong as wrong:
            self.problem = wrong.wrong
            return False
        self.problem = None
        changed, self.entries = fresh != self.entries, fresh
        return changed
