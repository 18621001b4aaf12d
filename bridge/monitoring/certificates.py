"""When certificate files expire: the earliest end of validity of what each one holds.

The standard library decodes only certificates of authorities; the few steps through the
structure of RFC 5280 that lead to one date need no package for cryptography.
"""

import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bridge.runtime.watched_file import WatchedFile

_PEM = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]+)"
    rb"-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
)
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18
_BEFORE_VALIDITY = 3
"""Serial number, algorithm, issuer."""
LONGEST_FILE = 16 * 1024 * 1024


class CertificateExpiries:
    """The expiry times of some files by name; a file is read again only when it changed."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = {
            name: WatchedFile(path, longest=LONGEST_FILE) for name, path in files.items()
        }
        self._known: dict[str, float | None] = {}

    def seconds(self) -> dict[str, float]:
        """Unix times; a file that cannot be read, or holds no certificate, is absent."""
        found = {name: self._expiry(name, file) for name, file in self._files.items()}
        return {name: unix for name, unix in found.items() if unix is not None}

    def _expiry(self, name: str, file: WatchedFile) -> float | None:
        try:
            if file.changed():
                self._known[name] = earliest_end(file.read())
        except OSError:
            return None
        return self._known.get(name)


def earliest_end(pem: bytes) -> float | None:
    """The Unix time from which one of the certificates is no longer valid; None if unknown."""
    try:
        return min(
            (_not_after(binascii.a2b_base64(body)) for body in _PEM.findall(pem)), default=None
        )
    except (ValueError, IndexError):
        return None


def _not_after(der: bytes) -> float:
    """The end of a certificate's validity. Raises IndexError or ValueError for other data."""
    _, offset, _ = _element(der, 0)
    _, offset, _ = _element(der, offset)
    if der[offset] == _VERSION:
        _, _, offset = _element(der, offset)
    for _ in range(_BEFORE_VALIDITY):
        _, _, offset = _element(der, offset)
    _, begin, _ = _element(der, offset)
    _, _, offset = _element(der, begin)
    kind, offset, end = _element(der, offset)
    return _time(kind, der[offset:end].decode("ascii"))


def _element(der: bytes, offset: int) -> tuple[int, int, int]:
    """The tag at this offset, and where its content begins and ends."""
    kind, length = der[offset], der[offset + 1]
    offset += 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(der[offset : offset + size], "big")
        offset += size
    return kind, offset, offset + length


def _time(kind: int, text: str) -> float:
    if kind == _UTC_TIME:
        # RFC 5280: two-digit years from 50 on are in the last century.
        text = ("19" if text >= "50" else "20") + text
    elif kind != _GENERALIZED_TIME:
        raise ValueError(f"no kind of time: {kind}")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
