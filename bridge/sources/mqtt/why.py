"""Why there is no connection to the broker: one sentence for each cause."""

import ssl
from socket import gaierror

_EXPIRED, _NOT_YET, _SELF_SIGNED = 10, 9, 18
_UNKNOWN_AUTHORITY = {2, 19, 20, 21}
_NAME_MISMATCH = {62, 64}
"""OpenSSL's numbers for what is wrong with a certificate."""
_NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
_TLS_TOO_OLD = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"}
_OUR_CERTIFICATE = (
    "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN", "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED", "DECRYPT_ERROR",
)  # fmt: skip


class TlsTrouble(OSError):
    """TLS with the broker failed; the text is a complete sentence about the cause."""


def explain(error: Exception) -> str:
    """One sentence for the log about a connection that failed, TLS or not."""
    match error:
        case TlsTrouble():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"the broker's certificate is not trusted: {_explain_certificate(error)}"
        case ssl.SSLError():
            return _explain_alert(error)
        case TimeoutError():
            return "the broker does not answer"
        case ConnectionRefusedError():
            return "nothing listens at the broker's address: connection refused"
        case gaierror():
            return f"the broker's name has no address: {error.strerror}"
        case _:
            return str(error) or type(error).__name__


def explain_no_connack(*, tls: bool, certified: bool) -> str:
    """Why a connection may have ended before the broker accepted or refused the session.

    Since TLS 1.3 a broker checks our certificate after the handshake has ended on our side.
    """
    what = "the broker ended the connection before it answered"
    if not tls:
        return f"{what}; perhaps it wants TLS on this port (mqtts://)"
    if certified:
        return f"{what}; perhaps it did not accept our certificate (mqtt.cert_file)"
    return f"{what}; perhaps it demands a client certificate (mqtt.cert_file)"


def explain_no_suback(what: str, filters: int) -> str:
    """Why a connection may have ended in place of the answer to a subscription."""
    if filters > 1:
        return f"{what}; perhaps it does not accept {filters} filters in one SUBSCRIBE"
    return f"{what}; perhaps it does not allow so many subscriptions (mqtt.subscriptions)"


def explain_twin(what: str, client_id: str) -> str:
    """Why a broker that goes on may have ended our session soon after it accepted it.

    It does so when another client connects with the same id.
    """
    return f"{what}; perhaps another client has our client id {client_id}"


def explain_handshake(error: OSError | ValueError) -> str:
    """One sentence about a TLS handshake that failed."""
    match error:
        case TimeoutError():
            return "the broker accepted the connection but does not answer the TLS handshake"
        case ConnectionError() | ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            what = "the broker ended the connection within the TLS handshake"
            return f"{what}; perhaps it does not speak TLS on this port"
        case _:
            return explain(error)


def _explain_certificate(error: ssl.SSLCertVerificationError) -> str:
    code, words = error.verify_code, error.verify_message
    if code in (_EXPIRED, _NOT_YET):
        return f"{words} (its own or its authority's)"
    if code == _SELF_SIGNED:
        return "it is self-signed, and no authority of ours (mqtt.ca_file)"
    if code in _UNKNOWN_AUTHORITY:
        return "it is not from an authority that we trust (mqtt.ca_file, or the system's)"
    if code in _NAME_MISMATCH:
        return words.rstrip(".")
    return words or str(error)


def _explain_alert(error: ssl.SSLError) -> str:
    """Why the broker's TLS, or ours, refused the connection."""
    reason = error.reason or ""
    if reason in _NOT_TLS:
        return "the broker does not speak TLS on this port"
    if reason in _TLS_TOO_OLD:
        return "the broker does not support TLS 1.2 or newer"
    if "CERTIFICATE_REQUIRED" in reason:
        return "the broker demands a client certificate (mqtt.cert_file)"
    if "HANDSHAKE_FAILURE" in reason:
        what = "the broker refused the TLS handshake"
        return f"{what}; perhaps it demands a client certificate (mqtt.cert_file)"
    words = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
    if "ALERT_" in reason and any(each in reason for each in _OUR_CERTIFICATE):
        return f"the broker did not accept our certificate (mqtt.cert_file): {words}"
    return f"TLS failed: {words or error}"
