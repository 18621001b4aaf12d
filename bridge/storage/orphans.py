"""Journals in a data folder that no bridge writes to any more, and their undelivered points."""

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
    """A folder, and how many points of its journal the store never received."""

    folder: Path
    points: int


def orphans(folder: Path, store: str, *, excluding: Collection[Path]) -> list[Orphan]:
    """The folder itself and its shards' folders, where they have undelivered points."""
    folders = sorted({path.parent for path in (folder / FILE, *folder.glob(f"shard-*/{FILE}"))})
    found = [Orphan(each, _undelivered(each, store)) for each in folders if each not in excluding]
    return [each for each in found if each.points]


def _undelivered(folder: Path, store: str) -> int:
    try:
        with closing(JournalReader(folder, ALWAYS, corrupt_row=lambda *_: None)) as journal:
            return journal.points(journal.acknowledged(store))
    except (FileNotFoundError, DiskTrouble):
        return 0
