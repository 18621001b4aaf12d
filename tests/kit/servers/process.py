"""A program that serves on a loopback port, started and ended by its own pid."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 15.0
FIRST_STARTS = 5
"""Ports tried, because another program may take a free one before ours does."""


def find_program(name: str) -> str:
    """Where a program is; fails the test, never skips it, where it is not installed."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/bin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise AssertionError(f"{name} is not installed: `make test` installs it, from Debian")
    return found


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Clash(Exception):
    """The port was taken by someone else."""


class Server:
    """One program; started again, it has the same port and folder."""

    program: str
    ready: str
    """What its log says when it listens."""
    scheme = "http"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = 0

    def arguments(self) -> Sequence[str]:
        """The command line behind the program's name; writes what files it needs."""
        raise AssertionError(f"{self.program} has no arguments")

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        """All it said since the first start."""
        path = self._log_path
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> Self:
        """Returns when it takes connections."""
        if self._port:
            self._launch()
            return self
        for _ in range(FIRST_STARTS):
            self._port = free_port()
            with contextlib.suppress(Clash):
                self._launch()
                return self
        raise AssertionError(f"{self.program} found no free port:\n{self.log}")

    def stop(self) -> None:
        """End it in good order, killed where it does not; harmless where it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _log_path(self) -> Path:
        return self._folder / f"{self.program}.log"

    def _launch(self) -> None:
        if self._process is not None:
            raise AssertionError(f"{self.program} runs already")
        command = [find_program(self.program), *self.arguments()]
        self._mark = len(self.log)
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder
            )
        try:
            self._await_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                output = self.log[self._mark :]
                kind = Clash if "already in use" in output else AssertionError
                raise kind(f"{self.program} did not start:\n{output}")
            if self.ready in self.log[self._mark :] and self._answers():
                return
        raise AssertionError(f"{self.program} is not ready:\n{self.log[self._mark :]}")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
            return True
        return False

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AssertionError(f"{self.program} does not run")
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        # A paused program takes no signal but SIGKILL before it goes on.
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
