"""A charger's password at the broker, from a file, the environment or a prompt.

Never an argument: arguments are visible in the process list and in the shell's history.
"""

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path

from bridge.core.errors import CommandFailed

VARIABLE = "NOFOS_ENROLL_PASSWORD"
LONGEST = 255


def broker_password(username: str, file: Path | None, environ: Mapping[str, str]) -> str:
    """The password for this user; raises CommandFailed where there is none."""
    found = _from_file(file) if file else environ.get(VARIABLE) or _prompt(username)
    if not found or len(found) > LONGEST:
        raise CommandFailed(f"the password is empty, or longer than {LONGEST} characters")
    return found


def _from_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror or 'unknown'}") from error
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} is not UTF-8 text") from None


def _prompt(username: str) -> str:
    if not sys.stdin.isatty():
        raise CommandFailed(
            f"no password for {username}: use --password-file, or set {VARIABLE}, or run the "
            "command in a terminal, which prompts for it"
        )
    try:
        return getpass.getpass(f"Password of {username} at the broker: ")
    except EOFError:
        return ""
