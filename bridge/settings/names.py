"""Names in the settings: topics, charger ids, tags, stores, user names, files."""

import re
from pathlib import Path
from stat import S_ISREG

from bridge.core.model import ChargerId
from bridge.settings.lists import parse_list
from bridge.settings.parse import InvalidValue, quoted, text

_CHARGER = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_STORE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_TAG = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
# The first two are the bridge's own tags, the third is the column of every stamp.
RESERVED_TAGS = frozenset({"charger", "kind", "time"})
LONGEST_TOPIC = 65535
LONGEST_PREFIX = 200
LONGEST_TAG_VALUE = 256


def topics(value: object) -> tuple[str, ...]:
    """At least one MQTT topic filter, each once."""
    found = tuple(dict.fromkeys(_topic(part) for part in parse_list(value)))
    if not found:
        raise InvalidValue("there is no topic", "name at least one, such as openevse/announce/+")
    return found


def host_names(value: object) -> tuple[str, ...]:
    """Names of hosts, without scheme, port or wildcard."""
    found = tuple(dict.fromkeys(text(part).lower().rstrip(".") for part in parse_list(value)))
    for name in found:
        if not _HOST.fullmatch(name):
            raise InvalidValue(
                f"{quoted(name)} is no host name", "write it like charge.example.org"
            )
    return found


def _topic(part: object) -> str:
    topic = text(part)
    why = _topic_problem(topic)
    if why:
        raise InvalidValue(
            f"{quoted(topic)} {why}", "write a topic filter like openevse/announce/+"
        )
    return topic


def _topic_problem(topic: str) -> str | None:
    levels = topic.split("/")
    problems = (
        (not topic, "is empty"),
        (len(topic.encode(errors="replace")) > LONGEST_TOPIC, "is over 65535 bytes"),
        (not topic.isprintable(), "contains a control character"),
        (any("+" in level and level != "+" for level in levels), "has + inside a level"),
        (any("#" in level and level != "#" for level in levels), "has # inside a level"),
        ("#" in levels[:-1], "has # before the last level"),
        (topic == "#", "would subscribe to everything on the broker"),
        (
            levels[0] == "$share",
            "is a shared subscription, which receives only some of the messages",
        ),
    )
    return next((why for wrong, why in problems if wrong), None)


def wildcard(value: object) -> str:
    """One MQTT topic filter for all chargers; `#` too, since an operator chose it."""
    topic = text(value)
    why = None if topic == "#" else _topic_problem(topic)
    if why:
        raise InvalidValue(f"{quoted(topic)} {why}", "write a topic filter like charger/#")
    return topic


def prefix(value: object) -> str:
    """The leading levels of all topics of a broker bridge, without the last slash; or `+`."""
    levels = text(value).removesuffix("/")
    if levels == "+":
        return levels
    problems = (
        (not levels, "is empty"),
        (len(levels.encode(errors="replace")) > LONGEST_PREFIX, f"is over {LONGEST_PREFIX} bytes"),
        (not levels.isprintable(), "contains a control character"),
        (bool({"+", "#"} & set(levels)), "contains a wildcard"),
        (levels.startswith("$"), "begins with $"),
        (levels.startswith("/"), "begins with a slash"),
    )
    why = next((why for wrong, why in problems if wrong), None)
    if why:
        raise InvalidValue(
            f"{quoted(levels)} {why}", "write the leading levels like site1, or + for the first one"
        )
    return levels


def charger_id(value: object) -> ChargerId:
    """A charger's id, case preserved."""
    id_ = text(value)
    if not _CHARGER.fullmatch(id_):
        raise InvalidValue(
            f"{quoted(id_)} is not a charger id", "use 1 to 64 of 0-9 A-Z a-z _ . : -"
        )
    return ChargerId(id_)


def charger_ids(value: object) -> tuple[ChargerId, ...]:
    """Any number of charger ids, each once."""
    return tuple(dict.fromkeys(charger_id(part) for part in parse_list(value)))


def store_name(value: object) -> str:
    """The name of a mirror, as used in the label `store`."""
    name = text(value)
    if name == "main":
        raise InvalidValue('"main" is the store named by influx.url', "choose another name")
    if not _STORE.fullmatch(name):
        raise InvalidValue(f"{quoted(name)} is not a store's name", "use up to 32 of a-z 0-9 _ -")
    return name


def tag_key(value: object) -> str:
    """A static tag's name, different from the bridge's own tags."""
    key = text(value)
    if key in RESERVED_TAGS:
        raise InvalidValue(f"the tag {key} is the bridge's own", "choose another name for the tag")
    if not _TAG.fullmatch(key):
        raise InvalidValue(
            f"{quoted(key)} is not a tag's name", "use a-z, then up to 63 of a-z 0-9 _ . -"
        )
    return key


def tag_value(value: object) -> str:
    """A static tag's value; line protocol allows no empty value and no trailing backslash."""
    tag = text(value)
    if not tag or len(tag) > LONGEST_TAG_VALUE or not tag.isprintable():
        raise InvalidValue(
            "the tag's value is empty, too long or not printable", "use 1 to 256 letters"
        )
    if tag.endswith("\\"):
        raise InvalidValue("the tag's value ends with a backslash", "remove the backslash")
    return tag


def basic_user(value: object) -> str:
    """A user name that is valid in HTTP Basic authentication."""
    user = text(value)
    if ":" in user:
        raise InvalidValue(
            "a user name for HTTP must not contain a colon", "use a name without a colon"
        )
    return user


def client_id(value: object) -> str:
    """An MQTT client id."""
    id_ = text(value)
    if len(id_.encode(errors="replace")) > LONGEST_TOPIC or not id_.isprintable():
        raise InvalidValue(
            "it is too long or contains a control character", "use up to 23 letters or digits"
        )
    return id_


def file(value: object) -> Path:
    """An existing, readable file."""
    path = Path(text(value))
    why = _unreadable(path)
    if why:
        raise InvalidValue(f"{path} cannot be read: {why}", "use a file that the bridge may read")
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
    """A folder's path; whether it is writable is checked when the bridge starts."""
    path = text(value)
    if not path:
        raise InvalidValue("the folder is empty", "name a folder, such as ./nofos-bridge-data")
    return Path(path)
