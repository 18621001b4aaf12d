"""What the tests of the labels share."""

import os
from itertools import count
from pathlib import Path

from bridge.core.model import ChargerId
from bridge.settings.labels import LabelsFile

ONE = ChargerId("abc123")
FIRST = '[abc123]\nalias = "Bay 12"\nsite = "north"\n'
SECOND = '[abc123]\nalias = "Bay 12"\nsite = "south"\n'


_stamps = count(1_700_000_000)


def written(folder: Path, text: str = FIRST) -> Path:
    """A labels file, by default a good one."""
    path = folder / "labels.toml"
    path.write_text(text)
    return path


def loaded(path: Path) -> LabelsFile:
    file = LabelsFile(path)
    assert file.load() == []
    return file


def rewrite(path: Path, text: str | bytes) -> None:
    """Change a file so that its time shows it, however fast the test is."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    stamp = next(_stamps)
    os.utime(path, (stamp, stamp))


def looked_at_twice(file: LabelsFile) -> list[str] | None:
    """What two looks find: a change counts at the second."""
    assert file.refresh() is None
    wrong = file.refresh()
    return None if wrong is None else [error.problem for error in wrong]
