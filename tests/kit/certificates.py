"""Certificates that tests make, as files in a folder of their own."""

import datetime
import ipaddress
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.kit.servers.mosquitto import Tls

LONG_AGO = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)


class Authority:
    """An authority with its file, which writes what it issues beside it."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *hosts: str, not_after: datetime.datetime | None = None) -> Tls:
        """Writes name.pem (the chain) and name.key; made again, they replace the old ones."""
        issued = self._ca.issue_cert(*hosts, not_after=not_after)
        cert, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return Tls(cert, key)

    def self_signed(self, name: str, host: str) -> Tls:
        """A certificate that only itself vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(who)
            .issuer_name(who)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + datetime.timedelta(days=90))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
            )
            .sign(key, hashes.SHA256())
        )
        files = Tls(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files.cert_file.write_bytes(made.public_bytes(Encoding.PEM))
        files.key_file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return files
