"""Saves how far a replay got, so that an interrupted one continues from there."""

import contextlib
import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from bridge.core.errors import DiskTrouble


@dataclass(frozen=True, slots=True)
class ReplayPosition:
    """All rows up to `row` are sent; the span is that of the first attempt."""

    row: int
    since_ms: int
    until_ms: int
    stored: int = 0
    refused: int = 0


class PositionFile:
    """The file of one replay; every store, bucket and time span has its own."""

    def __init__(self, folder: Path, *key: str) -> None:
        name = blake2b(json.dumps(key).encode(), digest_size=6).hexdigest()
        self.path = folder / f"replay-{name}.json"

    def load(self) -> ReplayPosition | None:
        """The saved position; None where there is none, or the file is damaged."""
        try:
            return ReplayPosition(
                **{name: int(n) for name, n in json.loads(self.path.read_bytes()).items()}
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from error
        except (ValueError, TypeError, AttributeError):
            return None

    def save(self, position: ReplayPosition) -> None:
        """Save it; raises DiskTrouble. Not synced: sending some lines twice does no harm."""
        new = self.path.with_suffix(".new")
        try:
            new.write_text(json.dumps(asdict(position)), encoding="ascii")
            new.replace(self.path)
        except OSError as error:
            raise self._trouble(error) from error

    def remove(self) -> None:
        """Delete the file: the replay is complete."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _trouble(self, error: OSError) -> DiskTrouble:
        return DiskTrouble(
            f"the progress cannot be saved in {self.path}: {error.strerror}; name another "
            "folder with --cursor-dir"
        )
