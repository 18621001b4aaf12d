"""How far a replay came, in a small file, so that an interrupted one goes on from there."""

import contextlib
import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from bridge.core.errors import DiskTrouble


@dataclass(frozen=True, slots=True)
class Mark:
    """All rows up to `row` are done; the span is what it was when the replay first began."""

    row: int
    since_ms: int
    until_ms: int
    stored: int = 0
    refused: int = 0


class Bookmark:
    """The file of one errand; another store, bucket or span of time has another file."""

    def __init__(self, folder: Path, *errand: str) -> None:
        name = blake2b(json.dumps(errand).encode(), digest_size=6).hexdigest()
        self.path = folder / f"replay-{name}.json"

    def load(self) -> Mark | None:
        """What was kept; None where nothing was, or nothing that can be read."""
        try:
            return Mark(**{name: int(n) for name, n in json.loads(self.path.read_bytes()).items()})
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from error
        except (ValueError, TypeError, AttributeError):
            return None

    def save(self, mark: Mark) -> None:
        """Keep it; raises DiskTrouble. Not synced: to send some lines again does no harm."""
        new = self.path.with_suffix(".new")
        try:
            new.write_text(json.dumps(asdict(mark)), encoding="ascii")
            new.replace(self.path)
        except OSError as error:
            raise self._trouble(error) from error

    def remove(self) -> None:
        """All is done."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _trouble(self, error: OSError) -> DiskTrouble:
        return DiskTrouble(
            f"how far it came cannot be kept in {self.path}: {error.strerror}; name another "
            "folder with --cursor-dir"
        )
