"""The few MQTT 3.1.1 packets that the generator needs, as bytes."""

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
CONNACK_BYTES = 4
RETAINED = 0x31
PLAIN = 0x30
_SHORT = 128
"""Remaining lengths below this take one byte."""


def _length(count: int) -> bytes:
    """The remaining length, seven bits a byte (MQTT 3.1.1, section 2.2.3)."""
    out = bytearray()
    while True:
        count, digit = divmod(count, _SHORT)
        out.append(digit | (0x80 if count else 0))
        if not count:
            return bytes(out)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def connect(client_id: str, keepalive_seconds: int) -> bytes:
    """CONNECT with a clean session."""
    body = _string("MQTT") + b"\x04\x02" + keepalive_seconds.to_bytes(2, "big") + _string(client_id)
    return b"\x10" + _length(len(body)) + body


def publish(topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """PUBLISH at quality of service 0."""
    return frame(_string(topic), payload, RETAINED if retain else PLAIN)


def prefix(topic: str) -> bytes:
    """A topic as it stands in a PUBLISH; `frame` puts the rest around it."""
    return _string(topic)


def frame(topic: bytes, payload: bytes, head: int = PLAIN) -> bytes:
    """PUBLISH of a topic from `prefix`."""
    count = len(topic) + len(payload)
    length = bytes((count,)) if count < _SHORT else _length(count)
    return bytes((head,)) + length + topic + payload
