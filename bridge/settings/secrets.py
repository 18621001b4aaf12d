"""Secrets, reloaded when their file in the secrets folder changes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr

from bridge.runtime.watched_file import WatchedFile
from bridge.settings.model import Settings
from bridge.settings.sources import (
    MAX_SECRET_BYTES,
    file_of,
    secret_file,
    secret_text,
    why_unreadable,
)


class Secrets:
    """The newest value of each secret; use it from one thread.

    `refused` gets the name of a secret whose file cannot be used any more, and why.
    """

    def __init__(
        self, settings: Settings, *, refused: Callable[[str, str], None] = lambda name, why: None
    ) -> None:
        self._settings = settings
        self._refused = refused
        self._problems: dict[str, str] = {}
        self._files: dict[str, WatchedFile] = {}
        self._values: dict[str, str | None] = {}

    def current(self, name: str) -> str | None:
        """The secret with a name such as `mqtt.password`; None where it is unset.

        While its file is missing or unreadable, the last value stays valid.
        Raises KeyError for a name that is not a secret.
        """
        loaded = _secret(self._settings, name)
        path = secret_file(self._settings.source_of(name))
        if path is None:
            return loaded
        file = self._files.setdefault(name, WatchedFile(path, longest=MAX_SECRET_BYTES))
        try:
            if file.changed():
                self._values[name] = secret_text(file.read()) or None
                self._problems.pop(name, None)
        except (OSError, UnicodeDecodeError) as error:
            self._report(name, why_unreadable(error))
        return self._values.get(name, loaded)

    def _report(self, name: str, why: str) -> None:
        if self._problems.get(name) != why:
            self._problems[name] = why
            self._refused(name, why)


def secret_files(settings: Settings) -> dict[str, Path]:
    """The files that hold secrets, by the setting's name."""
    found = {name: file_of(settings.source_of(name)) for name in _names(settings)}
    found |= {
        "http.credentials_file": settings.http.credentials_file,
        "mqtt.key_file": settings.mqtt.key_file,
        "web.key_file": settings.web.key_file,
    }
    return {name: path for name, path in found.items() if path is not None}


def _names(settings: Settings) -> Iterator[str]:
    yield from ("mqtt.password", "http.password", "web.password_hash", "influx.token")
    for store in settings.influx.mirrors:
        yield f"influx.mirrors.{store}.token"


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
