"""A flipped bit anywhere in the data folder stops neither a start nor a delivery."""

from pathlib import Path

import pytest

from tests.storage.fuzz import fuzz


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(2))
def test_flipped_bits_stop_nothing(tmp_path: Path, seed: int) -> None:
    assert fuzz(tmp_path, 26, seed) == []
