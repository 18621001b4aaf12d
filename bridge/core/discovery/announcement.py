"""Announcements, parsed as untrusted input.

Source: integration guide, "Announcement topic". Members may be missing: the last will has
no `mqtt` and no `http`, and small JSON buffers drop trailing members silently. A name or an
address that is no text is dropped alone.
"""

import re
from dataclasses import dataclass

from bridge.core.errors import AnnounceRefused
from bridge.core.model import ChargerId
from bridge.core.text import visible
from bridge.core.unread import Unread
from bridge.core.untrusted_json import read_json

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
    base = _base(members.get("mqtt"))
    return Announcement(
        id=ChargerId(name),
        connected=connected,
        name=clean_name(members.get("name")),
        base=base,
        http=_text(members.get("http"), LONGEST_URL),
    )


def reads_as_announcement(payload: bytes) -> bool:
    """Whether a payload is an object with `id` and `state`, whatever they are."""
    if payload.lstrip()[:1] != b"{":
        return False
    try:
        members = _members(payload)
    except AnnounceRefused:
        return False
    return "id" in members and "state" in members


def _members(payload: bytes) -> dict[str, object]:
    if len(payload) > LONGEST_PAYLOAD:
        raise AnnounceRefused("too_long", f"over {LONGEST_PAYLOAD} bytes")
    members = read_json(payload)
    if isinstance(members, Unread):
        raise AnnounceRefused("malformed", "not JSON")
    if not isinstance(members, dict):
        raise AnnounceRefused("malformed", "not a JSON object")
    return members


def _base(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or _encodable(value) != value:
        raise AnnounceRefused("malformed", "mqtt is not text")
    check_base(value)
    return value


def _text(value: object, longest: int) -> str | None:
    """The text; None for an empty one, and for what is none."""
    return (_encodable(value)[:longest] or None) if isinstance(value, str) else None


def clean_name(value: object) -> str | None:
    """The name as people may see it: it is shown on pages, in logs and in terminals."""
    name = _text(value, LONGEST_NAME)
    return None if name is None else " ".join(visible(name, " ").split()) or None


def _encodable(text: str) -> str:
    """The text without halves of surrogate pairs, which cannot be encoded."""
    return text.encode(errors="replace").decode()


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
