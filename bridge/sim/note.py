"""A message on its way out, and the trouble that keeps it from leaving."""

from dataclasses import dataclass

_LONGEST_TOPIC = 65_535


class LinkTrouble(Exception):
    """Not connected; try again later."""


@dataclass(frozen=True, slots=True)
class Note:
    """One message; `charger` is whose it is, where that is not plain."""

    topic: str
    payload: str
    retain: bool = False
    charger: str = ""


def speakable(topic: str) -> bool:
    """Whether a broker takes the topic; over any other, a device would be thrown out."""
    try:
        size = len(topic.encode())
    except UnicodeEncodeError:
        return False
    return 0 < size <= _LONGEST_TOPIC and not any(sign in topic for sign in "+#\0")
