"""The login of page, metrics and API: HTTP Basic against a scrypt hash.

`python -m bridge.web.login` asks for a password and prints its hash.
"""

import asyncio
import base64
import binascii
import getpass
import hashlib
import hmac
import secrets
from dataclasses import dataclass

_N, _R, _P = 2**14, 8, 1
_KNOWN = 64


@dataclass(frozen=True, slots=True)
class Hash:
    """A password's hash, written `scrypt$SALT$HASH` with both parts in base64."""

    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "Hash":
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

    def fits(self, password: str) -> bool:
        return hmac.compare_digest(_digest(password, self.salt), self.digest)


def make_hash(password: str) -> str:
    """A new hash of a password, with a salt of its own."""
    salt = secrets.token_bytes(16)
    parts = (base64.b64encode(part).decode() for part in (salt, _digest(password, salt)))
    return "scrypt$" + "$".join(parts)


class WebLogin:
    """Tells whether an Authorization header is the operator's.

    A header that was right is remembered by its digest, because scrypt is slow on purpose
    and Prometheus asks every few seconds.
    """

    def __init__(self, username: str, hash_: Hash) -> None:
        self._username = username
        self._hash = hash_
        self._right: set[bytes] = set()
        self._turn = asyncio.Lock()

    async def allows(self, header: str) -> bool:
        seen = hashlib.sha256(header.encode(errors="surrogateescape")).digest()
        if seen in self._right:
            return True
        username, password = _basic(header)
        if not hmac.compare_digest(username.encode(), self._username.encode()):
            return False
        # One at a time: guessing must cost the guesser, not the scrapes.
        async with self._turn:
            right = await asyncio.to_thread(self._hash.fits, password)
        if not right:
            return False
        if len(self._right) < _KNOWN:
            self._right.add(seen)
        return True


def _basic(header: str) -> tuple[str, str]:
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
    print(make_hash(getpass.getpass("Password of web.username: ")))  # noqa: T201  # its purpose
