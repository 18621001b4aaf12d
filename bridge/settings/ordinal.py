"""A replica's number, taken from the host name that a StatefulSet gives it."""

import re
from collections.abc import Iterator, Mapping

from bridge.core.errors import Problem
from bridge.settings.parse import Wrong, whole
from bridge.settings.tree import Leaf, NamePath

INDEX: NamePath = ("shard", "index")
COUNT: NamePath = ("shard", "count")
HOSTNAME = "HOSTNAME"
_ORDINAL = re.compile(r"-([0-9]{1,4})$")


def ordinal(known: Mapping[NamePath, Leaf], environ: Mapping[str, str]) -> Iterator[Leaf | Problem]:
    """The index, where there are several shards and none is named."""
    if INDEX in known or not _several(known.get(COUNT)):
        return
    source = f"environment {HOSTNAME}"
    found = _ORDINAL.search(environ.get(HOSTNAME, ""))
    if found:
        yield Leaf(INDEX, int(found[1]), source)
    else:
        wrong = "shard.count is above 1, and the host name does not end with a number such as -0"
        remedy = "set shard.index (NOFOS_SHARD__INDEX), or run the bridge in a StatefulSet"
        yield Problem("shard.index", source, wrong, remedy)


def _several(count: Leaf | None) -> bool:
    try:
        return count is not None and whole(2, 10_000_000)(count.value) > 1
    except Wrong:
        return False
