"""The sources of settings: the environment, the secrets folder, the TOML file.

Each source yields its values, unparsed, and problems with the source itself.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bridge.core.errors import Problem
from bridge.runtime.watched_file import WatchedFile
from bridge.settings.tree import PREFIX, NamePath, SourceValue

CONFIG = "NOFOS_CONFIG"
SECRETS_DIR = "NOFOS_SECRETS_DIR"
MAX_SECRET_BYTES = 65536
_FOLDER = "secrets folder "
_FILE = "file "


def environment(environ: Mapping[str, str]) -> Iterator[SourceValue]:
    """The variables with `__` in their name; others, such as Kubernetes' own, are ignored."""
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and "__" in name.removeprefix(PREFIX):
            yield SourceValue(
                _path(name.removeprefix(PREFIX)), value, _constant(f"environment {name}")
            )


def _path(name: str) -> NamePath:
    return tuple(name.lower().split("__"))


def _constant(source: str) -> Callable[[NamePath], str]:
    return lambda _: source


def secrets_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder set in the environment."""
    return Path(environ[SECRETS_DIR]) if environ.get(SECRETS_DIR) else None


def _setting_files(folder: Path) -> list[Path]:
    """The files with settings; dot-entries and names without `__` are ignored."""
    return sorted(file for file in folder.iterdir() if "__" in file.name and file.name[0] != ".")


def secrets(folder: Path) -> Iterator[SourceValue | Problem]:
    """The settings in the secrets folder."""
    try:
        files = _setting_files(folder)
    except OSError as error:
        yield Problem(
            "secrets folder",
            f"environment {SECRETS_DIR}",
            f"{folder} cannot be listed: {why_unreadable(error)}",
            "use a folder that the bridge may read, or unset it",
        )
        return
    for file in files:
        path, source = _path(file.name), f"{_FOLDER}{file}"
        try:
            yield SourceValue(path, read_secret(file), _constant(source))
        except (OSError, UnicodeDecodeError) as error:
            wrong = f"the file cannot be read: {why_unreadable(error)}"
            yield Problem(".".join(path), source, wrong, "put one line of UTF-8 text there")


def secret_file(source: str) -> Path | None:
    """The file behind a source in the secrets folder; None for any other source."""
    return Path(source.removeprefix(_FOLDER)) if source.startswith(_FOLDER) else None


def file_of(source: str) -> Path | None:
    """The file that a source names, in the secrets folder or with settings; None for none."""
    if source.startswith(_FILE):
        return Path(source.removeprefix(_FILE).rpartition(" [")[0])
    return secret_file(source)


def read_secret(file: Path) -> str:
    """The file's text without one trailing newline; raises OSError or UnicodeDecodeError."""
    return secret_text(WatchedFile(file, longest=MAX_SECRET_BYTES).read())


def secret_text(content: bytes) -> str:
    """The text of a secret's file without one trailing newline."""
    text = content.decode()
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, without its content."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return (error.strerror or "unreadable").lower()


def toml_file(config: Path | None, environ: Mapping[str, str]) -> Iterator[SourceValue | Problem]:
    """The settings in the file named by `--config`, or else by the environment."""
    named = config or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    if named is None:
        return
    source = f"--config {named}" if config else f"environment {CONFIG}"
    try:
        yield SourceValue((), tomllib.loads(named.read_bytes().decode()), _source_in(named))
    except (OSError, UnicodeDecodeError) as error:
        wrong = f"{named} cannot be read: {why_unreadable(error)}"
        yield Problem("settings file", source, wrong, "use a TOML file that the bridge may read")
    except (ValueError, RecursionError) as error:
        yield Problem("settings file", source, not_toml(named, error), "correct the file there")


def not_toml(file: Path, error: Exception) -> str:
    """The problem of a file that the parser rejected, and its position."""
    # Some of the parser's words repeat what it read; only the place is safe to show.
    _, found, place = str(error).rpartition("(at ")
    return f"{file} is not TOML" + (f", see {place.rstrip(')')}" if found else "")


def _source_in(file: Path) -> Callable[[NamePath], str]:
    def source(path: NamePath) -> str:
        *section, name = path or ("",)
        return f"{_FILE}{file} [{'.'.join(section)}] {name}" if section else f"{_FILE}{file} {name}"

    return source
