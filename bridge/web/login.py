"""The login for page, metrics and API: HTTP Basic, checked against a scrypt hash.

`python -m bridge.web.login` asks for a password and prints its hash.
"""

import asyncio
import base64
import binascii
import getpass
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import structlog

from bridge.web.in_flight import InFlight

log = structlog.get_logger("web")

_N, _R, _P = 2**14, 8, 1
_MAX_ACCEPTED = 64
_MOST_WAITING, _OF_A_CLIENT = 16, 2
"""Passwords that are checked or wait for it; further ones are turned away."""


class Admission(Enum):
    """The answer of the login to a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    BUSY = "busy"
    """Too many passwords are being checked."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password's hash, written `scrypt$SALT$HASH` with both parts in base64."""

    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """Raises ValueError for anything that is not such a hash."""
        try:
            scheme, salt, digest = text.split("$")
            if scheme != "scrypt":
                raise ValueError(scheme)
            return cls(
                base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
            )
        except (ValueError, binascii.Error) as error:
            raise ValueError("the hash is not of the form scrypt$SALT$HASH") from error

    def matches(self, password: str) -> bool:
        return hmac.compare_digest(_digest(password, self.salt), self.digest)


def hash_password(password: str) -> str:
    """Hash a password with a new random salt."""
    salt = secrets.token_bytes(16)
    parts = (base64.b64encode(part).decode() for part in (salt, _digest(password, salt)))
    return "scrypt$" + "$".join(parts)


class WebLogin:
    """Checks Authorization headers.

    The digest of an accepted header is cached, because scrypt is slow on purpose and
    Prometheus scrapes every few seconds.
    """

    def __init__(self, username: str, password_hash: Callable[[], str]) -> None:
        """`password_hash` is the newest one. Raises ValueError for one that is none."""
        self._username = username
        self._newest = password_hash
        self._text = password_hash()
        self._password_hash = PasswordHash.parse(self._text)
        self._accepted: set[bytes] = set()
        self._waiting = InFlight()
        self._lock = asyncio.Lock()

    async def admits(self, header: str, client: str = "") -> Admission:
        """Check a header; a wrong name takes as long as a wrong password."""
        self._renew()
        digest = hashlib.sha256(header.encode(errors="surrogateescape")).digest()
        if digest in self._accepted:
            return Admission.ALLOWED
        username, password = _parse_basic(header)
        if not username:
            return Admission.DENIED
        if self._waiting.total >= _MOST_WAITING or self._waiting.of(client) >= _OF_A_CLIENT:
            return Admission.BUSY
        with self._waiting.counted(client):
            # One at a time: guessing must cost the guesser, not the scrapes.
            async with self._lock:
                valid = await asyncio.to_thread(self._password_hash.matches, password)
        if not hmac.compare_digest(username.encode(), self._username.encode()) or not valid:
            return Admission.DENIED
        if len(self._accepted) < _MAX_ACCEPTED:
            self._accepted.add(digest)
        return Admission.ALLOWED

    def _renew(self) -> None:
        """Use a hash that changed; one that is none leaves the last one valid."""
        text = self._newest()
        if text == self._text:
            return
        self._text = text
        try:
            self._password_hash = PasswordHash.parse(text)
        except ValueError as error:
            log.error("secret.refused", setting="web.password_hash", why=str(error))
            return
        self._accepted.clear()


def _parse_basic(header: str) -> tuple[str, str]:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return username, password


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)


if __name__ == "__main__":
    print(hash_password(getpass.getpass("Password of web.username: ")))  # noqa: T201  # its purpose
