"""Why there is no connection to the broker, one sentence for each cause."""

import ssl
from socket import gaierror

_EXPIRED, _NOT_YET, _ALONE = 10, 9, 18
_STRANGERS = {2, 19, 20, 21}
_OTHER_NAME = {62, 64}
"""OpenSSL's numbers for what is wrong with a certificate."""
_NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
_OLD = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"}
_OURS = (
    "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN", "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED", "DECRYPT_ERROR",
)  # fmt: skip


class TlsTrouble(OSError):
    """There is no TLS with the broker; the text is a whole sentence about why."""


def explain(error: Exception) -> str:
    """One sentence for the log about a connection that failed, TLS or not."""
    match error:
        case TlsTrouble():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"the broker's certificate is not trusted: {_doubt(error)}"
        case ssl.SSLError():
            return _alert(error)
        case TimeoutError():
            return "the broker does not answer"
        case ConnectionRefusedError():
            return "nobody listens at the broker's address: connection refused"
        case gaierror():
            return f"the broker's name has no address: {error.strerror}"
        case _:
            return str(error) or type(error).__name__


def unanswered(*, tls: bool, certified: bool) -> str:
    """Why a connection may have ended before the broker took or refused the session.

    Since TLS 1.3 a broker looks at our certificate when the handshake is over for us.
    """
    what = "the broker ended the connection before it answered"
    if not tls:
        return f"{what}; perhaps it wants TLS on this port (mqtts://)"
    if certified:
        return f"{what}; perhaps it did not accept our certificate (mqtt.cert_file)"
    return f"{what}; perhaps it demands a client certificate (mqtt.cert_file)"


def unshaken(error: OSError | ValueError) -> str:
    """One sentence about a TLS handshake that failed."""
    match error:
        case TimeoutError():
            return "the broker took the connection and does not answer the TLS handshake"
        case ConnectionError() | ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            what = "the broker ended the connection within the TLS handshake"
            return f"{what}; perhaps it does not speak TLS on this port"
        case _:
            return explain(error)


def _doubt(error: ssl.SSLCertVerificationError) -> str:
    code, words = error.verify_code, error.verify_message
    if code in (_EXPIRED, _NOT_YET):
        return f"{words} (its own or its authority's)"
    if code == _ALONE:
        return "it is self-signed, and no authority of ours (mqtt.ca_file)"
    if code in _STRANGERS:
        return "it is not from an authority that we trust (mqtt.ca_file, or the system's)"
    if code in _OTHER_NAME:
        return words.rstrip(".")
    return words or str(error)


def _alert(error: ssl.SSLError) -> str:
    """What the broker's TLS, or ours, refused after all."""
    reason = error.reason or ""
    if reason in _NOT_TLS:
        return "the broker does not speak TLS on this port"
    if reason in _OLD:
        return "the broker speaks no TLS that we do, which is 1.2 or newer"
    if "CERTIFICATE_REQUIRED" in reason:
        return "the broker demands a client certificate (mqtt.cert_file)"
    if "HANDSHAKE_FAILURE" in reason:
        what = "the broker refused the TLS handshake"
        return f"{what}; perhaps it demands a client certificate (mqtt.cert_file)"
    words = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
    if "ALERT_" in reason and any(each in reason for each in _OURS):
        return f"the broker did not accept our certificate (mqtt.cert_file): {words}"
    return f"TLS failed: {words or error}"
