"""A controller's line into an answer: its words, a refusal, or nothing to trust."""

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

LONGEST = 200
_LINE = re.compile(r"\$(OK|NK)((?: +[!-~]+)*) *", re.ASCII)
_SEALED = re.compile(r"(.*?)(?:([\^*])([0-9A-Fa-f]{2}))?\s*", re.ASCII | re.DOTALL)
_SEQUENCE = re.compile(r" *:[0-9A-Fa-f]{1,2}$")


@dataclass(frozen=True, slots=True)
class RapiReply:
    """What a controller said: `line` without its checksum, `words` after `$OK`.

    `words` is None where it said `$NK`: it does not know the command, or not now.
    """

    line: str
    words: tuple[str, ...] | None


def read_line(line: str) -> RapiReply | None:
    """The reply; None for a line that is none, or whose checksum is wrong."""
    if len(line) > LONGEST:
        return None
    sealed = _SEALED.fullmatch(line)
    if sealed is None or not _whole(*sealed.groups()):
        return None
    said: str = sealed[1]
    found = _LINE.fullmatch(_SEQUENCE.sub("", said))
    if found is None:
        return None
    words = tuple(found[2].split())
    return RapiReply(said.strip(), words if found[1] == "OK" else None)


def _whole(said: str, kind: str | None, check: str | None) -> bool:
    """Whether the checksum is right, or there is none; old controllers add instead of xor."""
    if kind is None or check is None:
        return True
    signs = said.encode(errors="replace")
    found = reduce(xor, signs, 0) if kind == "^" else sum(signs) & 0xFF
    return found == int(check, 16)
