"""Names in the settings: topics, charger ids, tags, stores, user names, files."""

import re
from pathlib import Path
from stat import S_ISREG

from bridge.core.model import ChargerId
from bridge.settings.lists import listed
from bridge.settings.parse import Wrong, quoted, text

_CHARGER = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_STORE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_TAG = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
# The first two are the bridge's own tags, the third is the column of every stamp.
RESERVED_TAGS = frozenset({"charger", "kind", "time"})
LONGEST_TOPIC = 65535
LONGEST_TAG_VALUE = 256


def topics(value: object) -> tuple[str, ...]:
    """At least one MQTT topic filter, each once."""
    found = tuple(dict.fromkeys(_topic(part) for part in listed(value)))
    if not found:
        raise Wrong("no topic is named", "name at least one, such as openevse/announce/+")
    return found


def _topic(part: object) -> str:
    topic = text(part)
    why = _topic_fault(topic)
    if why:
        raise Wrong(f"{quoted(topic)} {why}", "write a topic filter like openevse/announce/+")
    return topic


def _topic_fault(topic: str) -> str | None:
    levels = topic.split("/")
    faults = (
        (not topic, "is empty"),
        (len(topic.encode(errors="replace")) > LONGEST_TOPIC, "is over 65535 bytes"),
        (not topic.isprintable(), "holds a control character"),
        (any("+" in level and level != "+" for level in levels), "has + inside a level"),
        (any("#" in level and level != "#" for level in levels), "has # inside a level"),
        ("#" in levels[:-1], "has # before the last level"),
        (topic == "#", "would subscribe to everything on the broker"),
        (levels[0] == "$share", "is a shared subscription, which hears only a part"),
    )
    return next((why for wrong, why in faults if wrong), None)


def charger_id(value: object) -> ChargerId:
    """A charger's id, kept as it is written."""
    said = text(value)
    if not _CHARGER.fullmatch(said):
        raise Wrong(f"{quoted(said)} is not a charger id", "use 1 to 64 of 0-9 A-Z a-z _ . : -")
    return ChargerId(said)


def charger_ids(value: object) -> tuple[ChargerId, ...]:
    """Any number of charger ids, each once."""
    return tuple(dict.fromkeys(charger_id(part) for part in listed(value)))


def store_name(value: object) -> str:
    """The name of a further store, as it appears in the label `store`."""
    said = text(value)
    if said == "main":
        raise Wrong('"main" is the store named by influx.url', "choose another name")
    if not _STORE.fullmatch(said):
        raise Wrong(f"{quoted(said)} is not a store's name", "use up to 32 of a-z 0-9 _ -")
    return said


def tag_key(value: object) -> str:
    """A static tag's name that collides with none of the bridge's own."""
    said = text(value)
    if said in RESERVED_TAGS:
        raise Wrong(f"the tag {said} is the bridge's own", "choose another name for the tag")
    if not _TAG.fullmatch(said):
        raise Wrong(
            f"{quoted(said)} is not a tag's name", "use a-z, then up to 63 of a-z 0-9 _ . -"
        )
    return said


def tag_value(value: object) -> str:
    """A static tag's value; line protocol takes no empty ones and no last backslash."""
    said = text(value)
    if not said or len(said) > LONGEST_TAG_VALUE or not said.isprintable():
        raise Wrong("the tag's value is empty, too long or not printable", "use 1 to 256 letters")
    if said.endswith("\\"):
        raise Wrong("the tag's value ends with a backslash", "remove the backslash")
    return said


def basic_user(value: object) -> str:
    """A user name that HTTP Basic authentication can carry."""
    said = text(value)
    if ":" in said:
        raise Wrong("a user name for HTTP must not hold a colon", "use a name without a colon")
    return said


def client_id(value: object) -> str:
    """An MQTT client id."""
    said = text(value)
    if len(said.encode(errors="replace")) > LONGEST_TOPIC or not said.isprintable():
        raise Wrong("it is too long or holds a control character", "use up to 23 letters or digits")
    return said


def file(value: object) -> Path:
    """A file that is there and can be read now."""
    path = Path(text(value))
    why = _unreadable(path)
    if why:
        raise Wrong(f"{path} cannot be read: {why}", "name a file that the bridge may read")
    return path


def _unreadable(path: Path) -> str | None:
    try:
        # Opening a pipe would wait for its writer.
        if not S_ISREG(path.stat().st_mode):
            return "not a file"
        with path.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return (error.strerror or "not readable").lower()
    return None


def folder(value: object) -> Path:
    """A folder's path; whether it can be written shows when the bridge starts."""
    said = text(value)
    if not said:
        raise Wrong("no folder is named", "name a folder, such as ./nofos-bridge-data")
    return Path(said)
