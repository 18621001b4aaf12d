"""Where settings come from: the environment, the secrets folder, the TOML file.

Each source gives what it holds, unparsed, and what is wrong with the source itself.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bridge.core.errors import Problem
from bridge.runtime.watched_file import WatchedFile
from bridge.settings.tree import PREFIX, Given, NamePath

CONFIG = "NOFOS_CONFIG"
SECRETS_DIR = "NOFOS_SECRETS_DIR"
LONGEST_SECRET = 65536
_FOLDER = "secrets folder "


def environment(environ: Mapping[str, str]) -> Iterator[Given]:
    """The variables that are ours; Kubernetes and others own all names without `__`."""
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and "__" in name.removeprefix(PREFIX):
            yield Given(_path(name.removeprefix(PREFIX)), value, _constant(f"environment {name}"))


def _path(name: str) -> NamePath:
    return tuple(name.lower().split("__"))


def _constant(source: str) -> Callable[[NamePath], str]:
    return lambda _: source


def secrets_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder named by the environment."""
    return Path(environ[SECRETS_DIR]) if environ.get(SECRETS_DIR) else None


def _ours(folder: Path) -> list[Path]:
    """The files that hold settings; dot-entries and names without `__` are not ours."""
    return sorted(file for file in folder.iterdir() if "__" in file.name and file.name[0] != ".")


def secrets(folder: Path) -> Iterator[Given | Problem]:
    """What the files of the secrets folder hold."""
    try:
        files = _ours(folder)
    except OSError as error:
        yield Problem(
            "secrets folder",
            f"environment {SECRETS_DIR}",
            f"{folder} cannot be listed: {_why(error)}",
            "name a folder that the bridge may read, or none",
        )
        return
    for file in files:
        path, source = _path(file.name), f"{_FOLDER}{file}"
        try:
            yield Given(path, read_secret(file), _constant(source))
        except (OSError, UnicodeDecodeError) as error:
            wrong = f"the file cannot be read: {_why(error)}"
            yield Problem(".".join(path), source, wrong, "put one line of UTF-8 text there")


def secret_file(source: str) -> Path | None:
    """The file that a source names; None for any other source."""
    return Path(source.removeprefix(_FOLDER)) if source.startswith(_FOLDER) else None


def read_secret(file: Path) -> str:
    """The file's text without one trailing newline; raises OSError or UnicodeDecodeError."""
    return secret_text(WatchedFile(file, longest=LONGEST_SECRET).read())


def secret_text(content: bytes) -> str:
    """The text of a secret's file without one trailing newline."""
    text = content.decode()
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return (error.strerror or "unreadable").lower()


def toml(config: Path | None, environ: Mapping[str, str]) -> Iterator[Given | Problem]:
    """What the file named by `--config`, else by the environment, holds."""
    named = config or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    if named is None:
        return
    source = f"--config {named}" if config else f"environment {CONFIG}"
    try:
        yield Given((), tomllib.loads(named.read_bytes().decode()), _place_in(named))
    except (OSError, UnicodeDecodeError) as error:
        wrong = f"{named} cannot be read: {_why(error)}"
        yield Problem("settings file", source, wrong, "name a TOML file that the bridge may read")
    except (ValueError, RecursionError) as error:
        yield Problem("settings file", source, not_toml(named, error), "correct the file there")


def not_toml(file: Path, error: Exception) -> str:
    """What is wrong with a file that the parser refused, and where."""
    # Some of the parser's words repeat what it read; only the place is safe to show.
    _, found, place = str(error).rpartition("(at ")
    return f"{file} is not TOML" + (f", see {place.rstrip(')')}" if found else "")


def _place_in(file: Path) -> Callable[[NamePath], str]:
    def source(path: NamePath) -> str:
        *section, name = path or ("",)
        return f"file {file} [{'.'.join(section)}] {name}" if section else f"file {file} {name}"

    return source
