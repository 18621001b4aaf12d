"""A message to publish, and the error when not connected."""

from dataclasses import dataclass

_LONGEST_TOPIC = 65_535


class ConnectFailed(Exception):
    """Not connected; try again later."""


@dataclass(frozen=True, slots=True)
class SimMessage:
    """One message; `charger` is set where one connection publishes for several chargers."""

    topic: str
    payload: str
    retain: bool = False
    charger: str = ""


def is_valid_topic(topic: str) -> bool:
    """Whether a broker accepts the topic; otherwise it would disconnect the device."""
    try:
        size = len(topic.encode())
    except UnicodeEncodeError:
        return False
    return 0 < size <= _LONGEST_TOPIC and not any(sign in topic for sign in "+#\0")
