"""The page's certificate: loaded at start, and again when its files change."""

import ssl
from pathlib import Path

from bridge.core.errors import CannotStart
from bridge.runtime.watched_file import WatchedFile

MOST_CERTIFICATE_BYTES = 1_000_000


class RenewedCertificate:
    """Loads the server's certificate again when its files change."""

    def __init__(self, context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
        self._context = context
        self._key_file = key_file
        self._cert_file = cert_file
        self._files = [
            WatchedFile(path, longest=MOST_CERTIFICATE_BYTES, patient=True)
            for path in (cert_file, key_file or cert_file)
        ]
        self._read()

    def refresh(self) -> str | None:
        """Blocks for the disk; returns why a changed certificate cannot be used, "" where it is
        used from now on, None where nothing changed."""
        try:
            # Both are asked: a certificate and its key change one after the other.
            changed = [file.changed() for file in self._files]
            if not any(changed):
                return None
            self._read()
            self._context.load_cert_chain(self._cert_file, self._key_file)
        except OSError as error:
            return str(error)
        return ""

    def _read(self) -> None:
        for file in self._files:
            file.read()


def tls_context(cert_file: Path | None, key_file: Path | None) -> ssl.SSLContext | None:
    """HTTPS where a certificate is set; raises CannotStart for one that cannot be used."""
    if cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"web.cert_file {cert_file}: {error}") from error
    return context
