"""JSON members as the payloads that MQTT would bring, so that one decoder reads both."""

import json
from collections.abc import Iterator, Mapping

LONGEST_KEY = 64


def payload(value: object) -> bytes:
    """The text of a JSON value in the form of the gateways' printer."""
    kind = type(value)
    # First and by itself, for speed: most of a document is numbers.
    if kind is int or kind is float:
        return repr(value).encode()
    match value:
        case bool():
            return b"true" if value else b"false"
        case None:
            return b"null"
        case str():
            return value.encode(errors="replace")
        case dict() | list():
            # What is in it does not matter: no field is a document.
            return b"{}" if isinstance(value, dict) else b"[]"
        case _:
            return json.dumps(str(value)).encode()


def payloads(document: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    """Each member once; a document that is itself from `read_document` has no doubles."""
    return ((str(key)[:LONGEST_KEY], payload(value)) for key, value in document.items())
