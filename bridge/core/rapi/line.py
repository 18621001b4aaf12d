"""Parses a controller's line: its words, a refusal, or no valid reply."""

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

LONGEST = 200
_LINE = re.compile(r"\$(OK|NK)((?: +[!-~]+)*) *", re.ASCII)
_CHECKED = re.compile(r"(.*?)(?:([\^*])([0-9A-Fa-f]{2}))?\s*", re.ASCII | re.DOTALL)
_SEQUENCE = re.compile(r" *:[0-9A-Fa-f]{1,2}$")


@dataclass(frozen=True, slots=True)
class RapiReply:
    """A controller's reply: `line` without its checksum, `words` after `$OK`.

    `words` is None for `$NK`: the controller does not know the command, or not now.
    """

    line: str
    words: tuple[str, ...] | None


def read_line(line: str) -> RapiReply | None:
    """The reply; None for another line, or one whose checksum is wrong."""
    if len(line) > LONGEST:
        return None
    checked = _CHECKED.fullmatch(line)
    if checked is None or not _checksum_fits(*checked.groups()):
        return None
    text: str = checked[1]
    found = _LINE.fullmatch(_SEQUENCE.sub("", text))
    if found is None:
        return None
    words = tuple(found[2].split())
    return RapiReply(text.strip(), words if found[1] == "OK" else None)


def _checksum_fits(text: str, kind: str | None, check: str | None) -> bool:
    """Whether the checksum is right, or there is none; old controllers add instead of xor."""
    if kind is None or check is None:
        return True
    octets = text.encode(errors="replace")
    found = reduce(xor, octets, 0) if kind == "^" else sum(octets) & 0xFF
    return found == int(check, 16)
