"""A process of the benchmark, spoken to in lines and ended by its own pid."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 20.0
ROOT = Path(__file__).resolve().parent.parent


class Child:
    """Runs as long as the block; what it says on standard error is in its log."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        talks: bool = False,
    ) -> None:
        """One that `talks` answers on standard output; else that goes to the log, too."""
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else sink,
                stderr=sink,
                cwd=ROOT,
                env={**os.environ, **(environ or {})},
                text=True,
            )
        self._log = log

    @classmethod
    def module(cls, name: str, *arguments: object, folder: Path) -> "Child":
        """A module of the benchmark under the same interpreter."""
        command = [sys.executable, "-m", f"bench.{name}", *map(str, arguments)]
        return cls(command, log=folder / f"{name}.log", talks=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next line of JSON that it says; waits for it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended:\n{self.log[-2000:]}")
        record: dict[str, Any] = json.loads(line)
        return record

    def ask(self, line: str) -> dict[str, Any]:
        self.say(line)
        return self.hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> int:
        """SIGTERM, then SIGKILL where that does not do; the exit code."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return self._process.returncode
