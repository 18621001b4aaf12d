"""Announcements, parsed as untrusted input.

Source: integration guide, "Announcement topic". Members may be missing: the last will has
no `mqtt` and no `http`, and small JSON buffers drop trailing members silently.
"""

import json
import re
from dataclasses import dataclass

from bridge.core.errors import AnnounceRefused
from bridge.core.model import ChargerId

LONGEST_PAYLOAD = 4096
LONGEST_BASE = 255
MOST_LEVELS = 16
LONGEST_NAME = 128
LONGEST_URL = 512
# Brokers disconnect a client that subscribes to these (MQTT 3.1.1, section 1.5.3).
_NO_CHARACTER = re.compile(
    "[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(
        chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
    )
    + "]"
)
_ID = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_STATES = {"connected": True, "disconnected": False}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One charger's announcement; None for members that it lacks."""

    id: ChargerId
    connected: bool
    name: str | None = None
    base: str | None = None
    http: str | None = None


def read_announcement(payload: bytes) -> Announcement | None:
    """The announcement; None for an empty payload, with which an operator clears one.

    Raises AnnounceRefused with a reason of `too_long`, `malformed`, `bad_id`, `bad_base`.
    """
    if not payload:
        return None
    members = _members(payload)
    name = members.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise AnnounceRefused("bad_id", "the id is not 1 to 64 of 0-9 A-Z a-z _ . : -")
    connected = _STATES.get(str(members.get("state")))
    if connected is None:
        raise AnnounceRefused("malformed", "the state is neither connected nor disconnected")
    base = _string(members, "mqtt")
    if base is not None:
        check_base(base)
    return Announcement(
        id=ChargerId(name),
        connected=connected,
        name=_short(_string(members, "name"), LONGEST_NAME),
        base=base,
        http=_short(_string(members, "http"), LONGEST_URL),
    )


def _members(payload: bytes) -> dict[str, object]:
    if len(payload) > LONGEST_PAYLOAD:
        raise AnnounceRefused("too_long", f"over {LONGEST_PAYLOAD} bytes")
    try:
        members = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise AnnounceRefused("malformed", "not JSON") from error
    if not isinstance(members, dict):
        raise AnnounceRefused("malformed", "not a JSON object")
    return members


def _string(members: dict[str, object], key: str) -> str | None:
    value = members.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not _encodable(value):
        raise AnnounceRefused("malformed", f"{key} is not text")
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(text: str | None, longest: int) -> str | None:
    return text[:longest] if text else None


def check_base(base: str) -> None:
    """Raise AnnounceRefused for a base topic that must not be subscribed to."""
    why = (
        "is empty"
        if not base
        else f"is over {LONGEST_BASE} bytes"
        if len(base.encode()) > LONGEST_BASE
        else "starts with $"
        if base.startswith("$")
        else "holds a wildcard or NUL"
        if set("+#\0") & set(base)
        else f"has over {MOST_LEVELS} levels"
        if base.count("/") >= MOST_LEVELS
        else "holds what is no character"
        if _NO_CHARACTER.search(base)
        else None
    )
    if why:
        raise AnnounceRefused("bad_base", f"the base topic {why}")


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter matches a topic (MQTT 3.1.1, section 4.7)."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)
