"""Secrets, reloaded when their file in the secrets folder changes."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr

from bridge.settings.model import Settings
from bridge.settings.sources import read_secret, secret_file

Version = tuple[int, int, int]
"""A file's inode, time of change in nanoseconds, and size."""


class Secrets:
    """The newest value of each secret; use it from one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read: dict[str, tuple[Version, str | None]] = {}

    def current(self, name: str) -> str | None:
        """The secret with a name such as `mqtt.password`; None where it is unset.

        While its file is missing or unreadable, the last value stays valid.
        Raises KeyError for a name that is not a secret.
        """
        loaded = _secret(self._settings, name)
        file = secret_file(self._settings.source_of(name))
        if file is None:
            return loaded
        version, last = self._read.get(name, (None, loaded))
        try:
            found = _version(file)
            if found == version:
                return last
            fresh = read_secret(file) or None
        except (OSError, UnicodeDecodeError):
            return last
        self._read[name] = (found, fresh)
        return fresh


def _version(file: Path) -> Version:
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _secret(settings: Settings, name: str) -> str | None:
    found: object = settings
    for part in name.split("."):
        if isinstance(found, BaseModel) and part in type(found).model_fields:
            found = getattr(found, part)
        elif isinstance(found, Mapping) and part in found:
            found = found[part]
        else:
            raise KeyError(name)
    if found is None:
        return None
    if not isinstance(found, SecretStr):
        raise KeyError(name)
    return found.get_secret_value()
