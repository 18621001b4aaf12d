"""A file that is read again when it changes: whole, once, and never a pipe or a giant."""

import os
from pathlib import Path

import pytest

from bridge.runtime.watched_file import NotRegular, TooLarge, WatchedFile


def watched(path: Path, *, patient: bool = False) -> WatchedFile:
    return WatchedFile(path, longest=100, patient=patient)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    file = watched(path)
    assert file.changed()
    assert file.read() == b"one"
    assert not file.changed()
    path.write_text("three")
    assert file.changed()
    assert file.read() == b"three"


def test_a_file_that_is_moved_into_its_place_with_the_same_size_is_read(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("one")
    other.write_text("two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    file = watched(path)
    assert file.read() == b"one"
    other.replace(path)
    assert file.changed()
    assert file.read() == b"two"


def test_a_change_of_the_same_size_and_time_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    before = path.stat()
    file = watched(path)
    file.read()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.changed()


def test_a_patient_look_waits_until_the_file_is_at_rest(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    file = watched(path, patient=True)
    file.read()
    path.write_text("half")
    assert not file.changed()
    path.write_text("half and half")
    assert not file.changed()
    assert file.changed()


def test_what_cannot_be_read_is_reported_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    file = watched(path)
    assert file.changed()
    with pytest.raises(FileNotFoundError):
        file.read()
    assert not file.changed()
    path.write_text("one")
    assert file.changed()
    assert file.read() == b"one"
    path.unlink()
    assert file.changed()


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(NotRegular):
        watched(path).read()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a file"):
        watched(tmp_path).read()


def test_a_file_over_the_bound_is_refused_and_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 101)
    file = watched(path)
    with pytest.raises(TooLarge):
        file.read()
    assert not file.changed()


def test_what_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    file, fstat, looks = watched(path), os.fstat, list[int]()

    def written_meanwhile(descriptor: int) -> os.stat_result:
        looks.append(descriptor)
        if len(looks) == 2:
            path.write_text("one and more")
        return fstat(descriptor)

    monkeypatch.setattr(os, "fstat", written_meanwhile)
    assert file.read().startswith(b"one")
    monkeypatch.undo()
    assert file.changed()
    assert file.read() == b"one and more"
