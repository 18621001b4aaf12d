"""TLS to the broker: always verified; its files are read again for each connection."""

import ssl
from pathlib import Path
from socket import socket
from stat import S_ISREG

from bridge.sources.mqtt.broker import Broker
from bridge.sources.mqtt.why import TlsTrouble, explain, explain_handshake


def secure(sock: socket, broker: Broker, seconds: float) -> ssl.SSLSocket:
    """Negotiate TLS on the connection and verify the broker; blocks for `seconds` at most.

    Closes the socket and raises TlsTrouble where that fails.
    """
    try:
        sock.settimeout(seconds)
        secured = context(broker).wrap_socket(
            sock, server_hostname=broker.host, do_handshake_on_connect=False
        )
    except (OSError, ValueError) as error:
        sock.close()
        raise TlsTrouble(explain(error)) from error
    try:
        secured.do_handshake()
    except (OSError, ValueError) as error:
        secured.close()
        raise TlsTrouble(explain_handshake(error)) from error
    return secured


def context(broker: Broker) -> ssl.SSLContext:
    """The trusted authorities and our certificate; raises TlsTrouble for an unusable file.

    Verification cannot be switched off.
    """
    tls = _trusting(broker.ca_file)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.cert_file:
        _load_certificate(tls, broker.cert_file, broker.key_file or broker.cert_file)
    return tls


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    if ca_file:
        _check_readable("mqtt.ca_file", ca_file)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        why = f"mqtt.ca_file {ca_file} holds no certificate in PEM form that TLS can use"
        raise TlsTrouble(why) from error


def _load_certificate(tls: ssl.SSLContext, cert_file: str, key_file: str) -> None:
    """Load our certificate, for a broker that requests one."""
    _check_readable("mqtt.cert_file", cert_file)
    _check_readable("mqtt.key_file", key_file)
    try:
        tls.load_cert_chain(cert_file, key_file, password=_no_password)
    except (OSError, ValueError) as error:
        raise TlsTrouble(_explain_mismatch(error, cert_file, key_file)) from error


def _check_readable(setting: str, file: str) -> None:
    # OpenSSL does not say which of two files it could not open, and would wait for a pipe.
    try:
        why = None if S_ISREG(Path(file).stat().st_mode) else "not a file"
        if why is None:
            Path(file).open("rb").close()
    except OSError as error:
        why = (error.strerror or "not readable").lower()
    if why:
        raise TlsTrouble(f"{setting} {file} cannot be read: {why}")


def _no_password() -> str:
    """Instead of prompting on the terminal for the password of an encrypted key."""
    raise ValueError("encrypted")


def _explain_mismatch(error: OSError | ValueError, cert_file: str, key_file: str) -> str:
    if not isinstance(error, ssl.SSLError):
        return f"mqtt.key_file {key_file} is encrypted: use a key without a passphrase"
    if error.reason and error.reason.endswith("MISMATCH"):
        return f"mqtt.key_file {key_file} does not belong to mqtt.cert_file {cert_file}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cert_file)
    except ssl.SSLError:
        return f"mqtt.cert_file {cert_file} holds no certificate in PEM form that TLS can use"
    return f"mqtt.key_file {key_file} holds no key in PEM form that TLS can use"
