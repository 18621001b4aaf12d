"""The labels file: what may stand in it, what is said of what may not, when it is read again."""

import os
from pathlib import Path

import pytest

from bridge.core.labels import UNLABELLED, Labels
from bridge.settings.labels import read_labels
from tests.kit.labels import ONE, SECOND, loaded, looked_at_twice, rewrite, written


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_a_file_gives_alias_and_site_by_id(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[abc123]\nalias = "Bay"\nsite="north"\n["aa:bb.cc"]\nsite = " Süd "\n[dd]\nalias=""\n',
    )
    found, wrong = read_labels(path)
    assert wrong == []
    assert found == {
        "abc123": Labels("Bay", "north"), "aa:bb.cc": Labels("", "Süd"), "dd": UNLABELLED,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (b"[abc123]\nalias = Bay\n", "is not TOML, see line 2, column 9"),
        (b"[aa:bb]\nalias = 'x'\n", "is not TOML, see line 1, column 4"),
        (b"[a]\nsite='x'\n[a]\nsite='y'\n", "is not TOML, see line 3, column 3"),
        (b"a = " + b"[" * 5000, "is not TOML"),
        (b"[abc123]\nalias = '\xff'\n", "cannot be read: not utf-8"),
        (b"[abc123]\nsite = 'x'\ncolour = 'red'\n", '"abc123" has no member "colour"'),
        (b"[aa.bb]\nsite = 'x'\n", '"aa" has no member "bb"'),
        (b"['a b']\nsite = 'x'\n", '"a b" is not a charger id'),
        (b"abc123 = 'x'\n", '"abc123" is not a table'),
        (b"[abc123]\nsite = 7\n", 'site of "abc123": it is not text'),
        (b"[abc123]\nalias = ['x']\n", 'alias of "abc123": it is not text'),
        (b"[abc123]\nalias = '" + b"x" * 129 + b"'\n", 'alias of "abc123": it is over 128'),
        (b'[abc123]\nalias = "a\\nb"\n', 'alias of "abc123": it contains a control character'),
        (b"# " + b"x" * 16 * 1024 * 1024, "is over 16 MiB"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: bytes, wrong: str) -> None:
    path = tmp_path / "labels.toml"
    path.write_bytes(text)
    (only,) = read_labels(path)[1]
    assert wrong in only.problem
    assert only.remedy


def test_several_faults_are_named_at_once_but_not_without_end(tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f"[c{each}]\nsite = {each}\n" for each in range(40)))
    assert len(read_labels(path)[1]) == 10


def test_a_file_names_at_most_a_hundred_thousand_chargers(tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f"c{each}={{}}\n" for each in range(100_001)))
    (only,) = read_labels(path)[1]
    assert only.problem == "it contains more than 100000 chargers"


def test_a_change_counts_once_it_is_seen_twice(labels: Path) -> None:
    file = loaded(labels)
    rewrite(labels, "")
    assert file.refresh() is None
    assert file.of(ONE) == Labels("Bay 12", "north")
    rewrite(labels, SECOND)
    assert file.refresh() is None
    assert file.refresh() == []
    assert file.of(ONE) == Labels("Bay 12", "south")
    assert file.refresh() is None


def test_a_file_that_is_put_in_the_place_of_another_is_noticed(labels: Path) -> None:
    file, before = loaded(labels), labels.stat()
    other = labels.with_name("other.toml")
    other.write_text(SECOND)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(labels)
    assert looked_at_twice(file) == []
    assert file.of(ONE).site == "south"


def test_a_file_that_went_bad_keeps_the_old_labels_and_is_told_of_once(labels: Path) -> None:
    file = loaded(labels)
    rewrite(labels, "[abc123]\nsite = 7\n")
    assert looked_at_twice(file) == ['site of "abc123": it is not text']
    assert file.refresh() is None
    assert file.of(ONE) == Labels("Bay 12", "north")


def test_a_file_that_is_away_keeps_the_old_labels_and_counts_when_it_is_back(labels: Path) -> None:
    file = loaded(labels)
    labels.unlink()
    assert looked_at_twice(file) == [f"{labels} cannot be read: no such file or directory"]
    assert file.refresh() is None
    assert file.of(ONE) == Labels("Bay 12", "north")
    rewrite(labels, SECOND)
    assert looked_at_twice(file) == []
    assert file.of(ONE).site == "south"


def test_a_pipe_is_not_waited_for(labels: Path) -> None:
    file = loaded(labels)
    labels.unlink()
    os.mkfifo(labels)
    assert looked_at_twice(file) == [f"{labels} cannot be read: not a file"]
