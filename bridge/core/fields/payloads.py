"""JSON members as the payloads of MQTT, so that one decoder reads both."""

import json
from collections.abc import Iterator, Mapping

from bridge.core.untrusted_json import Unusable

LONGEST_KEY = 64


def payload(value: object) -> bytes:
    """The text of a JSON value, as the gateways' JSON printer writes it."""
    kind = type(value)
    # Checked first for speed: most members are numbers.
    if kind is int or kind is float:
        return repr(value).encode()
    match value:
        case bool():
            return b"true" if value else b"false"
        case Unusable():
            return b"unusable"
        case None:
            return b"null"
        case str():
            return value.encode(errors="replace")
        case dict() | list():
            # Its content does not matter: no field is a document.
            return b"{}" if isinstance(value, dict) else b"[]"
        case _:
            return json.dumps(str(value)).encode()


def payloads(document: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    """Each member once; of duplicate members `read_document` has made one."""
    return ((str(key)[:LONGEST_KEY], payload(value)) for key, value in document.items())
