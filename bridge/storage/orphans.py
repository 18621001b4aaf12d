"""Journals in a data folder that no bridge writes to any more, and what a store lacks of them."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bridge.core.errors import DiskTrouble
from bridge.storage.journal_reader import JournalReader, Span
from bridge.storage.journal_sql import FILE

ALWAYS = Span(0, 2**62)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A folder, and how many points of its journal the store never got."""

    folder: Path
    points: int


def orphans(folder: Path, store: str, *, besides: Collection[Path]) -> list[Orphan]:
    """The folder itself and its shards' folders that are in no use; only those that owe some."""
    places = sorted({path.parent for path in (folder / FILE, *folder.glob(f"shard-*/{FILE}"))})
    found = [Orphan(place, _owed(place, store)) for place in places if place not in besides]
    return [each for each in found if each.points]


def _owed(folder: Path, store: str) -> int:
    try:
        with closing(JournalReader(folder, ALWAYS, spoiled=lambda *_: None)) as past:
            return past.points(past.settled(store))
    except (FileNotFoundError, DiskTrouble):
        return 0
