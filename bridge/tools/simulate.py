"""The broker's login of `simulate`: a password on the command line is shown to every user."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from bridge.core.errors import CommandFailed

PASSWORD = "NOFOS_SIMULATE_PASSWORD"  # the name of a variable


def broker_url(url: str, password_file: Path | None, environ: Mapping[str, str]) -> str:
    """The address with the password from a file or from the environment, if it has a user name
    and no password. Raises CommandFailed."""
    password = _read(password_file) if password_file else environ.get(PASSWORD)
    parts = urlsplit(url)
    if password is None or parts.password is not None:
        return url
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        if password_file is None:
            return url
        raise CommandFailed("--password-file needs a user name: mqtt://USER@HOST")
    login = f"{user.rstrip(':')}:{quote(password, safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=login))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise CommandFailed(f"--password-file {path} cannot be read: {why}") from error
