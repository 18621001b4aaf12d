"""Logs all published messages and all simulated events, as JSON lines."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bridge.sim.options import SimError


class Ledger:
    """Without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        try:
            self._file = None if path is None else path.open("w", encoding="utf-8")
        except OSError as error:
            raise SimError(f"ledger {path} cannot be written: {error.strerror}") from error

    def message(self, charger: str, topic: str, payload: str, retain: bool) -> None:
        """Log a message that was just written to the socket."""
        line = {"charger": charger, "topic": topic, "payload": payload, "retain": retain}
        self._write({"time": time.time(), **line})

    def truth(self, at: float, charger: str, event: Mapping[str, float | int | str]) -> None:
        """Log an event of a charger; `at` is Unix time."""
        self._write({"time": at, "charger": charger, "truth": event})

    def flush(self) -> None:
        """Flush the file."""
        if self._file is not None:
            self._file.flush()

    def _write(self, line: Mapping[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
