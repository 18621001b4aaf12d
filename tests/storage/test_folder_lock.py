"""One bridge per data folder, which is for its user alone."""

import os
from pathlib import Path

import pytest

from bridge.core.errors import FolderBusy
from bridge.storage.folder_lock import LOCK, FolderLock, holder


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("removed", [False, True])
def test_a_second_bridge_is_refused_also_where_the_lock_file_was_removed(
    tmp_path: Path, removed: bool
) -> None:
    with FolderLock(tmp_path):
        if removed:
            (tmp_path / LOCK).unlink()
        for _ in range(2):
            with pytest.raises(FolderBusy) as busy:
                FolderLock(tmp_path).__enter__()
            assert busy.value.pid == (0 if removed else os.getpid())
        assert holder(tmp_path) == (0 if removed else os.getpid())
    with FolderLock(tmp_path):
        pass
    assert holder(tmp_path) is None


def test_nor_can_it_enter_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "other").symlink_to("data")
    with FolderLock(tmp_path / "data"):
        (tmp_path / "data" / LOCK).rename(tmp_path / "lock")
        with pytest.raises(FolderBusy, match="in use by another bridge"):
            FolderLock(tmp_path / "other").__enter__()


def test_a_refused_start_leaves_no_descriptor_open(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        before = descriptors()
        with pytest.raises(FolderBusy):
            FolderLock(tmp_path).__enter__()
        assert descriptors() == before


@pytest.mark.parametrize("there", [False, True])
def test_the_folder_is_for_its_user_alone(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "data"
    if there:
        folder.mkdir(mode=0o755)
    with FolderLock(folder):
        assert folder.stat().st_mode & 0o777 == 0o700
