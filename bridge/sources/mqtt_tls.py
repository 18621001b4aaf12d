"""TLS towards the broker."""

import ssl

from bridge.sources.broker import Broker


def context(broker: Broker) -> ssl.SSLContext:
    """Always verifying."""
    made = ssl.create_default_context(cafile=broker.ca_file)
    if broker.cert_file:
        made.load_cert_chain(broker.cert_file, broker.key_file)
    return made


def explain(error: OSError | ValueError) -> str:
    """One sentence."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"the broker's certificate is not trusted: {error.verify_message}"
        case TimeoutError():
            return "the broker does not answer"
        case _:
            return str(error) or type(error).__name__
