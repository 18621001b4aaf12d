"""The shard index, taken from the host name of a StatefulSet's pod."""

import re
from collections.abc import Iterator, Mapping

from bridge.core.errors import Problem
from bridge.settings.parse import InvalidValue, integer
from bridge.settings.tree import NamePath, SettingValue

INDEX: NamePath = ("shard", "index")
COUNT: NamePath = ("shard", "count")
HOSTNAME = "HOSTNAME"
_ORDINAL = re.compile(r"-([0-9]{1,4})$")


def index_from_hostname(
    known: Mapping[NamePath, SettingValue], environ: Mapping[str, str]
) -> Iterator[SettingValue | Problem]:
    """The index, where there are several shards and no index is set."""
    if INDEX in known or not _is_sharded(known.get(COUNT)):
        return
    source = f"environment {HOSTNAME}"
    found = _ORDINAL.search(environ.get(HOSTNAME, ""))
    if found:
        yield SettingValue(INDEX, int(found[1]), source)
    else:
        wrong = "shard.count is above 1, but the host name does not end with a number such as -0"
        remedy = "set shard.index (NOFOS_SHARD__INDEX), or run the bridge in a StatefulSet"
        yield Problem("shard.index", source, wrong, remedy)


def _is_sharded(count: SettingValue | None) -> bool:
    try:
        return count is not None and integer(2, 10_000_000)(count.value) > 1
    except InvalidValue:
        return False
